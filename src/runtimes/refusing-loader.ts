import { DomainError } from "../core/errors/errors.ts";
import type { Loader } from "../ports/loader.ts";

/** The loader of a process that must not load files: it has neither the time, nor the memory, nor the engine for it. */
export function refusingLoader(): Loader {
  const refuse = (): Promise<never> => Promise.reject(refused());
  return { load: refuse, loadDelivery: refuse, loadRecords: refuse };
}

function refused(): DomainError {
  return new DomainError("import.not-offered", "unavailable", "Imports are carried out by the worker", {
    fix: "Use securebase import with --data aws:ENV, which reads the files on your machine.",
  });
}
