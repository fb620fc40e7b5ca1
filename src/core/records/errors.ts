import { shorten } from "../errors/bounded.ts";
import { DomainError } from "../errors/errors.ts";

/** A value that only one record may have, and the record that has it. */
export interface TakenKey {
  value: string;
  /** Id of the record that has it. */
  holder: string;
}

/** The errors for a kind of record that cannot be read or written. */
export interface RecordErrors {
  exists: (id: string) => DomainError;
  notFound: (id: string) => DomainError;
  /** Somebody else changed it between reading and writing. */
  changed: (id: string) => DomainError;
  /** For kinds with unique keys. */
  taken?: (key: TakenKey) => DomainError;
}

/**
 * The errors of a kind: `NAME.exists`, `NAME.not-found` and `NAME.changed`.
 * @param name of the kind, e.g. `report`
 * @param changed `precondition` where clients name the version that they change, else `conflict`
 */
export function recordErrors(
  name: string,
  changed: "precondition" | "conflict" = "precondition",
): RecordErrors {
  return {
    exists: (id) =>
      new DomainError(`${name}.exists`, "conflict", `There is already a ${name} "${shorten(id)}"`, {
        field: "id",
        fix: `Choose another id, or change the ${name} that is there.`,
      }),
    notFound: (id) =>
      new DomainError(`${name}.not-found`, "not-found", `There is no ${name} "${shorten(id)}"`, {
        field: "id",
        fix: `List the ${name}s to see their ids.`,
      }),
    changed: (id) =>
      new DomainError(
        `${name}.changed`,
        changed,
        `The ${name} "${shorten(id)}" was changed since it was read`,
        {
          fix: "Read it again, apply your change to the current version, and save that.",
        },
      ),
  };
}

/** A record whose shape no version of the program ever wrote. */
export function unknownRecord(name: string, id: string, version: number): DomainError {
  return new DomainError(
    "store.unknown-record",
    "unavailable",
    `The ${name} "${shorten(id)}" is of a version that there never was (${version})`,
    { fix: "Put the store back from a backup." },
  );
}

/** A record that cannot be read because a later version of the program wrote it. */
export function newerRecord(name: string, id: string, version: number, known: number): DomainError {
  return new DomainError(
    "store.newer-record",
    "unavailable",
    `The ${name} "${shorten(id)}" was written by a newer version (${version}, this one reads up to ${known})`,
    { fix: "Update securebase." },
  );
}
