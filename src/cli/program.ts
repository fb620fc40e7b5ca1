import { Command, CommanderError } from "commander";
import { packageCommand } from "./packaging/package-command.ts";
import { auditCommand } from "./commands/audit.ts";
import { budgetsCommand } from "./commands/budget.ts";
import { costCommand } from "./commands/cost.ts";
import { importCommand } from "./commands/import.ts";
import { importsCommand } from "./commands/imports.ts";
import { postureCommands } from "./commands/posture.ts";
import { queryCommand } from "./commands/query.ts";
import { reportCommand } from "./commands/report.ts";
import { serveCommand } from "./commands/serve.ts";
import { syncCommand } from "./commands/sync.ts";
import { tenantsCommand } from "./commands/tenants.ts";
import { tokenCommand } from "./commands/token.ts";
import type { Effects } from "./effects.ts";
import { EXIT, type ExitCode, reportFailure } from "./errors.ts";
import { usageError } from "./usage.ts";

/**
 * Runs a command line.
 * @param args without the program's own name
 * @returns the exit code: 0 done, 1 failed, 2 wrong usage
 */
export async function run(args: readonly string[], effects: Effects, version: string): Promise<ExitCode> {
  let code: ExitCode = EXIT.done;
  const program = build(effects, version, (exit) => (code = exit));
  try {
    await program.parseAsync(args, { from: "user" });
    return code;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.done;
    // Without a command, commander shows the help and calls it an error.
    if (error instanceof CommanderError && error.code === "commander.help") return EXIT.usage;
    const told = error instanceof CommanderError ? usageError(program, args, error) : error;
    return reportFailure(effects, told, args.includes("--json"));
  }
}

function build(effects: Effects, version: string, exit: (code: ExitCode) => void): Command {
  const program = new Command("securebase")
    .description("Cost, security, compliance and usage of many cloud accounts for many customers")
    .version(version)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void effects.out(text),
      writeErr: (text) => effects.err(text),
      // Errors are told once, by reportFailure.
      outputError: () => undefined,
    })
    .addHelpText("after", "\nExit codes: 0 done, 1 failed, 2 wrong usage. Every command has --help.");
  serveCommand(program, effects);
  tenantsCommand(program, effects);
  importCommand(program, effects, exit);
  importsCommand(program, effects);
  syncCommand(program, effects, exit);
  queryCommand(program, effects);
  postureCommands(program, effects);
  costCommand(program, effects);
  budgetsCommand(program, effects);
  reportCommand(program, effects);
  auditCommand(program, effects);
  tokenCommand(program, effects);
  packageCommand(program, effects, version);
  inherit(program);
  return program;
}

/** Subcommands made with `command()` copy the settings only of what was set before; set them on all. */
function inherit(command: Command): void {
  for (const child of command.commands) {
    child.copyInheritedSettings(command);
    inherit(child);
  }
}
