import type { Command, CommanderError } from "commander";
import { shorten } from "../core/errors/bounded.ts";
import { type DomainError, invalid } from "../core/errors/errors.ts";
import { closest } from "../core/errors/suggest.ts";

/**
 * What is wrong with a command line, in the words and the shape of all our errors, with the help that tells more.
 * @param error what commander threw
 */
export function usageError(program: Command, args: readonly string[], error: CommanderError): DomainError {
  const command = commandOf(program, args);
  const help = `${pathOf(command)} --help`;
  // Commander misses the required option before it sees the misspelt one.
  const misspelt = error.code === "commander.missingMandatoryOptionValue" && unknownOption(command, args);
  if (misspelt !== false && misspelt !== undefined) {
    const guess = closest(misspelt, longNames(command));
    return invalid("cli.unknown-option", `unknown option '${shorten(misspelt)}'`, {
      fix: fixOf(guess, help),
    });
  }
  const text = error.message.replace(/^error: /, "").replace(/\n+/g, " ");
  const [, message = text, guess] = /^(.*?) ?\(Did you mean (?:one of )?(.*)\?\)$/.exec(text) ?? [];
  return invalid(cliCode(error.code), message, { fix: fixOf(guess, help) });
}

function fixOf(guess: string | undefined, help: string): string {
  return `${guess === undefined ? "" : `Did you mean ${guess}? `}See ${help}`;
}

/** The command that the first arguments name. */
function commandOf(program: Command, args: readonly string[]): Command {
  let command = program;
  for (const arg of args) {
    const next = command.commands.find((child) => child.name() === arg);
    if (next === undefined) break;
    command = next;
  }
  return command;
}

function pathOf(command: Command): string {
  return command.parent === null ? command.name() : `${pathOf(command.parent)} ${command.name()}`;
}

function longNames(command: Command): string[] {
  return [...command.options.flatMap(({ long }) => long ?? []), "--help"];
}

function unknownOption(command: Command, args: readonly string[]): string | undefined {
  const known = longNames(command);
  const end = args.indexOf("--");
  const names = args.slice(0, end < 0 ? undefined : end).map((arg) => arg.split("=")[0] ?? arg);
  return names.find((name) => /^--\w/.test(name) && !known.includes(name));
}

/** `commander.unknownOption` -> `cli.unknown-option`, in the style of all our codes. */
function cliCode(code: string): string {
  return `cli.${code.replace(/^commander\./, "").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
