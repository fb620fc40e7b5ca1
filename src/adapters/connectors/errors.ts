import type { Connection } from "../../core/connections/connection.ts";
import { DomainError } from "../../core/errors/errors.ts";

/** A call to the cloud that failed, and for whom. */
export interface FailedCall {
  connection: Connection;
  /** The IAM action it needs, e.g. `s3:ListBucket`. */
  action: string;
  /** What it was about, where that says more than the connection: a bucket, an object. */
  resource?: string | undefined;
}

const DENIED = new Set([
  "AccessDenied",
  "AccessDeniedException",
  "UnauthorizedOperation",
  "NotAuthorized",
  "AllAccessDisabled",
]);
const EXPIRED = new Set(["ExpiredToken", "ExpiredTokenException", "RequestExpired", "TokenRefreshRequired"]);
const UNKNOWN_CREDENTIALS = new Set([
  "UnrecognizedClientException",
  "InvalidClientTokenId",
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "InvalidSignatureException",
  "IncompleteSignature",
  "MissingAuthenticationToken",
  "CredentialsProviderError",
  "TokenProviderError",
]);
const ELSEWHERE = new Set([
  "PermanentRedirect",
  "TemporaryRedirect",
  "AuthorizationHeaderMalformed",
  "IllegalLocationConstraintException",
  "OptInRequired",
]);
const ABSENT = new Set([
  "NoSuchBucket",
  "NoSuchKey",
  "NotFound",
  "ResourceNotFoundException",
  "NoSuchEntity",
]);
/** Errors by which Security Hub, Config and Cost Explorer say that the account has not enabled them. */
const SWITCHED_OFF = new Set([
  "InvalidAccessException",
  "NoAvailableConfigurationRecorderException",
  "DataUnavailableException",
  "SubscriptionRequiredException",
]);

interface VendorError {
  name: string;
  message: string;
  status: number | undefined;
  region: string | undefined;
  code: string | undefined;
}

/** What an SDK error says, without relying on its class. */
export function readVendorError(error: unknown): VendorError {
  const bag = (typeof error === "object" && error !== null ? error : {}) as {
    name?: unknown;
    message?: unknown;
    code?: unknown;
    Code?: unknown;
    Region?: unknown;
    $metadata?: { httpStatusCode?: number };
    $response?: { headers?: Record<string, string> };
  };
  const text = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);
  const plain = bag.name === "Error" || bag.name === "Unknown" || bag.name === undefined;
  return {
    name: (plain ? (text(bag.Code) ?? text(bag.code)) : text(bag.name)) ?? "Error",
    message: text(bag.message) ?? String(error),
    status: bag.$metadata?.httpStatusCode,
    region: text(bag.Region) ?? bag.$response?.headers?.["x-amz-bucket-region"],
    code: text(bag.code),
  };
}

/** Translates an SDK error for an operator: what failed, why, and what to do. The cause is kept. */
export function translate(call: FailedCall, error: unknown): DomainError {
  if (error instanceof DomainError) return error;
  const vendor = readVendorError(error);
  if (call.action === "sts:AssumeRole" && (DENIED.has(vendor.name) || vendor.status === 403))
    return roleRefused(call, vendor, error);
  if (EXPIRED.has(vendor.name) || /token.*expired|session.*expired/i.test(vendor.message))
    return credentials(call, "have expired", vendor, error);
  if (UNKNOWN_CREDENTIALS.has(vendor.name)) return credentials(call, "are not accepted", vendor, error);
  if (ELSEWHERE.has(vendor.name) || vendor.status === 301) return elsewhere(call, vendor, error);
  if (vendor.code === "ENOTFOUND") return noEndpoint(call, error);
  if (SWITCHED_OFF.has(vendor.name) || /not enabled for cost explorer/i.test(vendor.message))
    return switchedOff(call, vendor, error);
  if (DENIED.has(vendor.name) || vendor.status === 403) return denied(call, vendor, error);
  if (ABSENT.has(vendor.name) || vendor.status === 404) return absent(call, vendor, error);
  return unavailable(call, vendor, error);
}

function where({ connection, action, resource }: FailedCall): string {
  return `${action}${resource === undefined ? "" : ` on ${resource}`} in ${connection.region}`;
}

function denied(call: FailedCall, vendor: VendorError, cause: unknown): DomainError {
  const { connection, action } = call;
  const who = connection.access.kind === "role" ? `the role ${connection.access.roleArn}` : "the credentials";
  const bucket = connection.settings["bucket"];
  const options = bucket === undefined ? "" : ` --bucket ${bucket}`;
  const prefix = connection.settings["prefix"];
  return new DomainError(
    "sync.access-denied",
    "unavailable",
    `Access denied: ${who} may not ${where(call)}: ${vendor.message}`,
    {
      field: action,
      fix: `Attach a policy that allows ${action}; "securebase sync policy ${connection.kind}${options}${prefix === undefined ? "" : ` --prefix ${prefix}`}" prints it. If it is attached, look for a bucket, key or organization policy that denies it.`,
      cause,
    },
  );
}

function credentials(call: FailedCall, what: string, vendor: VendorError, cause: unknown): DomainError {
  const { access } = call.connection;
  const profile = access.kind === "ambient" ? undefined : access.profile;
  const fix =
    profile === undefined
      ? "Give the process valid credentials (AWS_PROFILE, AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or a role of the machine); temporary ones expire and must be renewed. A region that is not enabled for the account rejects valid credentials in the same way."
      : `Sign in again (aws sso login --profile ${profile}), or renew the profile's keys.`;
  return new DomainError(
    "sync.credentials",
    "unavailable",
    `The credentials for ${where(call)} ${what}: ${vendor.message}`,
    { fix, cause },
  );
}

function roleRefused(call: FailedCall, vendor: VendorError, cause: unknown): DomainError {
  const { access, kind } = call.connection;
  const role = access.kind === "role" ? access.roleArn : "";
  return new DomainError(
    "sync.role",
    "unavailable",
    `The role ${role} cannot be assumed: ${vendor.message}`,
    {
      fix: `Check that the role's trust policy names the principal that assumes it${access.kind === "role" && access.externalId !== undefined ? " and has this connection's external id" : ""}, and that this principal is allowed sts:AssumeRole on it; "securebase sync policy ${kind} --trust PRINCIPAL-ARN" prints a trust policy.`,
      cause,
    },
  );
}

function elsewhere(call: FailedCall, vendor: VendorError, cause: unknown): DomainError {
  const { region } = vendor;
  const there = region === undefined ? "" : `; it is in ${region}`;
  return new DomainError(
    "sync.wrong-region",
    "unavailable",
    `${call.resource ?? "The connection's resource"} is not in ${call.connection.region}${there}`,
    {
      field: "region",
      fix: `Add the connection again with ${region === undefined ? "the right region" : `--region ${region}`}.`,
      cause,
    },
  );
}

function noEndpoint(call: FailedCall, cause: unknown): DomainError {
  return new DomainError(
    "sync.wrong-region",
    "unavailable",
    `There is no endpoint for ${where(call)}: its name cannot be resolved`,
    {
      field: "region",
      fix: "Check the region's name and that it has the service, then this machine's DNS and network.",
      cause,
    },
  );
}

function switchedOff(call: FailedCall, vendor: VendorError, cause: unknown): DomainError {
  return new DomainError(
    "sync.not-enabled",
    "unavailable",
    `The account does not offer ${where(call)}: ${vendor.message}`,
    { fix: "Enable the service in that account and region, or remove the connection.", cause },
  );
}

function absent(call: FailedCall, vendor: VendorError, cause: unknown): DomainError {
  const { bucket } = call.connection.settings;
  const what =
    vendor.name === "NoSuchBucket"
      ? `There is no bucket ${bucket ?? ""}`
      : `${where(call)} found nothing: ${vendor.message}`;
  return new DomainError("sync.not-found", "unavailable", what, {
    fix: "Check the name; remove the connection and add it again with the right one.",
    cause,
  });
}

function unavailable(call: FailedCall, vendor: VendorError, cause: unknown): DomainError {
  return new DomainError(
    "sync.unavailable",
    "unavailable",
    `${where(call)} failed with ${vendor.name}: ${vendor.message}`,
    { fix: "Try again in a few minutes; data loaded earlier is kept.", retryAfter: 60, cause },
  );
}

/** The error for a response that does not match the service's API reference. */
export function unexpectedAnswer(action: string, what: string, cause?: unknown): DomainError {
  return new DomainError("sync.unexpected-answer", "unavailable", `${action} answered ${what}`, {
    fix: "Try again; if it keeps failing, report it with the cause.",
    cause,
  });
}
