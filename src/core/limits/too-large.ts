import { DomainError } from "../errors/errors.ts";

/** The refusal of an import that has more of something than one may have. @param what a sentence without its end */
export function tooLarge(what: string, most: number, unit: "bytes" | "rows"): DomainError {
  return new DomainError("import.too-large", "too-large", `${what}; an import may have ${most} ${unit}`, {
    fix: "Import less at once, for example a month at a time, or ask the operator to raise the limit.",
  });
}
