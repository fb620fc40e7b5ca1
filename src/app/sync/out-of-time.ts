import { DomainError } from "../../core/errors/errors.ts";

/** Where a pull stood when its time was up. */
export interface Standing {
  connection: string;
  environment: string;
  /** The title of what was being loaded; undefined when the connector was still looking. */
  delivery: string | undefined;
  /** Deliveries the run has loaded. */
  loaded: number;
}

/** A delivery alone takes longer than the process may run. */
export function deliveryOutOfTime(standing: Standing, cause: unknown): DomainError {
  const { connection, environment, delivery, loaded } = standing;
  const before =
    loaded === 0
      ? "Nothing was loaded"
      : `${deliveries(loaded)} loaded before ${loaded === 1 ? "stays" : "stay"}`;
  const what = delivery ?? "finding out what there is to load";
  return new DomainError(
    "sync.out-of-time",
    "unavailable",
    `The time limit of the worker is too short for ${what}. ${before}.`,
    {
      fix: `Raise the worker's time limit, which may be up to 15 minutes, or its memory, which brings more CPU; or pull on a machine, which has no time limit: securebase sync run ${connection} --data aws:${environment}`,
      cause,
    },
  );
}

/** `2 deliveries` */
function deliveries(count: number): string {
  return `${count} ${count === 1 ? "delivery" : "deliveries"}`;
}
