import { DomainError } from "../../core/errors/errors.ts";
import type { RetryPolicy } from "./config.ts";

/** A conditional write whose condition did not hold. Internal: callers turn it into the domain's own error. */
export class ConditionFailed extends Error {
  override readonly name = "ConditionFailed";
  /**
   * An earlier try of the same call may have been carried out although its answer was lost, so that the condition
   * may have failed on our own write.
   */
  readonly ambiguous: boolean;
  constructor(ambiguous: boolean, cause: unknown) {
    super("the condition of a write did not hold", { cause });
    this.ambiguous = ambiguous;
  }
}

/** DynamoDB, S3, SSM and Lambda names for "too fast" (their API references, "Common errors"). */
const THROTTLES = new Set([
  "ProvisionedThroughputExceededException",
  "RequestLimitExceeded",
  "ThrottlingException",
  "Throttling",
  "TooManyRequestsException",
  "SlowDown",
  "TransactionInProgressException",
]);

const REFUSED = new Set([
  "AccessDeniedException",
  "AccessDenied",
  "UnrecognizedClientException",
  "InvalidSignatureException",
  "ExpiredTokenException",
  "ExpiredToken",
  "CredentialsProviderError",
]);

const ABSENT = new Set(["ResourceNotFoundException", "NoSuchBucket", "NotFound"]);

export interface VendorError {
  name: string;
  message: string;
  status: number | undefined;
  /** Per action of a transaction, in order: `None`, `ConditionalCheckFailed`, `TransactionConflict`, … */
  reasons: readonly string[];
}

/** What an SDK error says, without relying on its class: bundled and unbundled SDKs have different ones. */
export function readVendorError(error: unknown): VendorError {
  const bag = (typeof error === "object" && error !== null ? error : {}) as {
    name?: unknown;
    message?: unknown;
    code?: unknown;
    $metadata?: { httpStatusCode?: number };
    CancellationReasons?: readonly { Code?: string }[];
  };
  const name = typeof bag.name === "string" && bag.name !== "Error" ? bag.name : bag.code;
  return {
    name: typeof name === "string" ? name : "Error",
    message: typeof bag.message === "string" ? bag.message : String(error),
    status: bag.$metadata?.httpStatusCode,
    reasons: bag.CancellationReasons?.map((reason) => reason.Code ?? "None") ?? [],
  };
}

type Verdict = "condition" | "throttled" | "again" | "final";

function judge(error: VendorError): Verdict {
  if (error.name === "ConditionalCheckFailedException") return "condition";
  if (error.name === "TransactionCanceledException") {
    if (error.reasons.includes("ConditionalCheckFailed")) return "condition";
    return error.reasons.some((reason) => reason !== "None") ? "throttled" : "final";
  }
  if (THROTTLES.has(error.name) || error.status === 429) return "throttled";
  if (REFUSED.has(error.name) || ABSENT.has(error.name)) return "final";
  // Without a status no answer came: a reset, a time-out, a name that did not resolve.
  if (error.status === undefined) return "again";
  return error.status >= 500 || error.status === 408 ? "again" : "final";
}

/**
 * Calls a service under a time limit, again with growing, jittered pauses while it throttles or fails.
 * @param what names the call in errors, e.g. `GetItem securebase-dev-metrics`
 * @param options `signal` ends the call and its repetition
 * @throws ConditionFailed; the signal's reason when aborted
 * @throws DomainError `store.unavailable` (with `retryAfter`), `store.misconfigured`, `store.refused`
 */
export async function withRetry<T>(
  policy: RetryPolicy,
  what: string,
  call: (signal: AbortSignal) => Promise<T>,
  { onThrottle, signal }: { onThrottle?: () => void; signal?: AbortSignal | undefined } = {},
): Promise<T> {
  const started = performance.now();
  let lost = false;
  for (let attempt = 1; ; attempt++) {
    signal?.throwIfAborted();
    const timeout = AbortSignal.timeout(policy.timeout);
    try {
      return await call(signal === undefined ? timeout : AbortSignal.any([timeout, signal]));
    } catch (error) {
      signal?.throwIfAborted();
      if (error instanceof DomainError) throw error;
      const vendor = readVendorError(error);
      const verdict = judge(vendor);
      if (verdict === "condition") throw new ConditionFailed(lost, error);
      if (verdict === "final") throw finalError(what, vendor, error);
      if (verdict === "throttled") onThrottle?.();
      else lost = true;
      const spent = performance.now() - started;
      if (attempt >= policy.attempts || spent > policy.deadline)
        throw unavailable(what, vendor, attempt, error);
      await policy.sleep(pauseBefore(policy, attempt));
    }
  }
}

/** Full jitter: anywhere between nothing and the doubled pause, so that callers throttled together part ways. */
export function pauseBefore(policy: RetryPolicy, attempt: number): number {
  return policy.random() * Math.min(policy.maxPause, policy.firstPause * 2 ** attempt);
}

export function unavailable(
  what: string,
  vendor: { name: string; message: string },
  attempts: number,
  cause: unknown,
): DomainError {
  return new DomainError(
    "store.unavailable",
    "unavailable",
    `${what} failed ${attempts} times, last with ${vendor.name}: ${vendor.message}`,
    { fix: "Try again in some seconds.", retryAfter: 5, cause },
  );
}

function finalError(what: string, vendor: VendorError, cause: unknown): DomainError {
  if (REFUSED.has(vendor.name)) {
    return new DomainError("store.refused", "unavailable", `${what} was refused: ${vendor.message}`, {
      fix: "Check the credentials and that the function's role allows this action on this resource.",
      cause,
    });
  }
  if (ABSENT.has(vendor.name)) {
    return new DomainError(
      "store.misconfigured",
      "unavailable",
      `${what}: the resource does not exist: ${vendor.message}`,
      { fix: "Check the environment's name and region, and that it is deployed.", cause },
    );
  }
  return new DomainError(
    "store.unavailable",
    "unavailable",
    `${what} failed with ${vendor.name}: ${vendor.message}`,
    {
      fix: "Look at the cause; the request itself was not accepted.",
      cause,
    },
  );
}
