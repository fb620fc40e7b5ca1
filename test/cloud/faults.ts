import { seededRandom } from "../support/random.ts";

/** What goes wrong with one request. */
export type Fault =
  /** Refused as too fast; nothing is done. */
  | "throttle"
  /** An internal error; nothing is done. */
  | "error"
  /** The connection breaks before anything is done. */
  | "reset"
  /** Everything is done and the connection breaks before the answer arrives. */
  | "lose-answer"
  /** The answer comes late. */
  | "delay"
  /** Of a batch only a part is done, the rest is handed back as unprocessed. */
  | "drop-unprocessed"
  /** The answer's body breaks off halfway. */
  | "truncate";

export interface FaultyRequest {
  service: "dynamodb" | "s3" | "lambda";
  /** `PutItem`, `UploadPart`, `Invoke`, … */
  operation: string;
}

/** Decides request by request; undefined lets it pass. */
export type FaultPlan = (request: FaultyRequest) => Fault | undefined;

/** Lets a share of all calls go wrong, in every way there is. */
export function randomFaults(share: number, seed: number): FaultPlan & { counts: Map<Fault, number> } {
  const random = seededRandom(seed);
  const counts = new Map<Fault, number>();
  const plan = (request: FaultyRequest): Fault | undefined => {
    if (random() >= share) return undefined;
    const common: Fault[] = ["throttle", "error", "reset", "lose-answer", "delay"];
    const kinds: Fault[] =
      request.service === "s3"
        ? [...common, "truncate"]
        : request.operation.startsWith("Batch")
          ? [...common, "drop-unprocessed"]
          : common;
    const fault = kinds[Math.floor(random() * kinds.length)];
    if (fault !== undefined) counts.set(fault, (counts.get(fault) ?? 0) + 1);
    return fault;
  };
  return Object.assign(plan, { counts });
}

export const DELAY_MS = 40;
