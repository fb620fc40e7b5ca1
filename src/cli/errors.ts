import { DomainError } from "../core/errors/errors.ts";
import type { Effects } from "./effects.ts";

export const EXIT = { done: 0, failed: 1, usage: 2 } as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** What a failed command says: the same three parts for every error. */
export interface Failure {
  code: string;
  message: string;
  fix: string | undefined;
  field: string | undefined;
  exit: ExitCode;
}

/** Turns whatever a command threw into what its user needs. */
export function describeFailure(error: unknown): Failure {
  if (error instanceof DomainError) {
    const { code, message, fix, field, kind } = error;
    return { code, message, fix, field, exit: kind === "invalid" ? EXIT.usage : EXIT.failed };
  }
  if (error instanceof Error && error.name === "AbortError") {
    const fix = "Nothing was changed; run it again.";
    return { code: "cli.interrupted", message: "Interrupted", fix, field: undefined, exit: EXIT.failed };
  }
  const message = error instanceof Error ? error.message : String(error);
  const fix = "This is a defect; please report it with SECUREBASE_DEBUG=1 output.";
  return { code: "cli.unexpected", message, fix, field: undefined, exit: EXIT.failed };
}

/** Prints a failure: to stdout as JSON for machines, to stderr for people. @returns the exit code */
export async function reportFailure(effects: Effects, error: unknown, json: boolean): Promise<ExitCode> {
  const { exit, ...failure } = describeFailure(error);
  const red = (text: string): string => (effects.color ? `\u001b[31m${text}\u001b[0m` : text);
  if (json) await effects.out(`${JSON.stringify({ error: failure })}\n`);
  effects.err(`${red("error")} ${failure.code}: ${failure.message}\n`);
  if (failure.fix !== undefined) effects.err(`  fix: ${failure.fix}\n`);
  if (effects.env["SECUREBASE_DEBUG"] === "1" && error instanceof Error) effects.err(`${stackOf(error)}\n`);
  return exit;
}

function stackOf(error: Error): string {
  const cause = error.cause instanceof Error ? `\ncaused by: ${stackOf(error.cause)}` : "";
  return (error.stack ?? error.message) + cause;
}
