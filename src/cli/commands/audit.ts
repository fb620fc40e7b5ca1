import { open } from "node:fs/promises";
import { type Command, Option } from "commander";
import type { Client } from "../../contract/client.ts";
import type { AnswerOf } from "../../contract/route.ts";
import type { Routes } from "../../contract/routes.ts";
import { AUDIT_ACTIONS, type AuditAction } from "../../core/audit/entry.ts";
import { DomainError, invalid } from "../../core/errors/errors.ts";
import { asTenant, dataPlace, type OpenService, withService } from "../connect.ts";
import type { Effects } from "../effects.ts";
import { textTable } from "../output.ts";
import { common, type CommonOptions, wholeNumber } from "./options.ts";

interface AuditOptions extends CommonOptions {
  tenant?: string;
}

interface FilterOptions extends AuditOptions {
  action?: AuditAction;
  actor?: string;
  object?: string;
  from?: string;
  to?: string;
}

type Entry = AnswerOf<Routes["listAudit"]>["items"][number];

const PAGE = 200;
const WHOSE = "whose log (default: that of the operators' own acts)";

/** `securebase audit list|verify|export` */
export function auditCommand(program: Command, effects: Effects): void {
  const audit = program.command("audit").description("see who did what, and verify that the log is whole");
  listCommand(audit, effects);
  verifyCommand(audit, effects);
  exportCommand(audit, effects);
}

function filtered(command: Command): Command {
  return common(command)
    .option("--tenant <id>", WHOSE)
    .addOption(new Option("--action <action>", "only this").choices(AUDIT_ACTIONS))
    .option("--actor <subject>", "only what this subject did")
    .option("--object <id>", "only what concerns the object of this id")
    .option("--from <instant>", "only from then on, e.g. 2024-10-01T00:00:00Z")
    .option("--to <instant>", "only before that");
}

function listCommand(audit: Command, effects: Effects): void {
  filtered(audit.command("list"))
    .description("list entries, newest first")
    .option("--limit <n>", "maximum number to list", "50")
    .action(async (options: FilterOptions & { limit: string }) => {
      const limit = wholeNumber(options.limit, "limit");
      if (limit < 1) {
        throw invalid("cli.invalid-limit", `--limit ${limit} is not a number of entries`, {
          field: "limit",
          fix: "Give a number from 1.",
        });
      }
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const entries: Entry[] = [];
        for await (const entry of entriesOf(await clientOf(service, options.tenant), options)) {
          if (entries.push(entry) === limit) break;
        }
        if (options.json === true) return effects.out(`${JSON.stringify(entries)}\n`);
        if (entries.length === 0) effects.err("No entries.\n");
        const rows = entries.map((entry) => [
          ...[String(entry.seq), entry.at, entry.action, entry.outcome, entry.actor.subject],
          ...[entry.from.agent === "cli" ? "cli" : entry.from.ip, objectOf(entry)],
        ]);
        const heads = ["No.", "When", "Action", "Outcome", "Who", "From", "Object"];
        return effects.out(
          textTable(
            heads.map((label) => ({ label })),
            rows,
          ),
        );
      });
    });
}

function objectOf({ object }: Entry): string | null {
  return object === null ? null : `${object.kind} ${object.id}`;
}

function verifyCommand(audit: Command, effects: Effects): void {
  common(audit.command("verify"))
    .description("check every entry and its link to the one before; exit code 1 where one does not hold")
    .option("--tenant <id>", WHOSE)
    .option("--head <seq:hash>", "head of an earlier check, which the log has to hold still")
    .action(async (options: AuditOptions & { head?: string }) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const client = await clientOf(service, options.tenant);
        const query = { head: options.head };
        const check = await client.call("verifyAudit", { query, signal: effects.signal });
        const { intact, entries, head, broken } = check;
        if (options.json === true) await effects.out(`${JSON.stringify(check)}\n`);
        if (!intact || broken !== null) {
          throw new DomainError(
            "audit.broken",
            "conflict",
            `The log does not hold at entry ${broken?.seq}: ${broken?.reason}`,
            { fix: "Compare it with an exported log or a backup, and find out who had access to the store." },
          );
        }
        if (options.json === true) return;
        const last = head === null ? "" : `, head ${head.seq}:${head.hash}`;
        const count = `${entries.toLocaleString("en-US")} ${entries === 1 ? "entry" : "entries"}`;
        await effects.out(`The log is whole: ${count}${last}\n`);
      });
    });
}

function exportCommand(audit: Command, effects: Effects): void {
  filtered(audit.command("export"))
    .description("write all entries as JSON, one a line, newest first")
    .requiredOption("-o, --output <file>", "file to write, - for stdout")
    .action(async (options: FilterOptions & { output: string }) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const entries = entriesOf(await clientOf(service, options.tenant), options);
        const count = await write(effects, options.output, entries);
        effects.err(`Wrote ${count.toLocaleString("en-US")} entries\n`);
      });
    });
}

async function write(effects: Effects, output: string, entries: AsyncIterable<Entry>): Promise<number> {
  let count = 0;
  const file = output === "-" ? undefined : await open(output, "w");
  const mode = effects.outputMode();
  try {
    if (mode !== undefined) await file?.chmod(mode);
    for await (const entry of entries) {
      const line = `${JSON.stringify(entry)}\n`;
      await (file === undefined ? effects.out(line) : file.writeFile(line));
      count += 1;
    }
  } finally {
    await file?.close();
  }
  return count;
}

async function clientOf(service: OpenService, tenant: string | undefined): Promise<Client> {
  return tenant === undefined ? service.as("operator") : asTenant(service, "admin", tenant);
}

async function* entriesOf(client: Client, options: FilterOptions): AsyncGenerator<Entry> {
  const { action, actor, object, from, to } = options;
  let after: string | null = null;
  do {
    const query = { limit: PAGE, after: after ?? undefined, action, actor, object, from, to };
    const page: AnswerOf<Routes["listAudit"]> = await client.call("listAudit", { query });
    yield* page.items;
    after = page.next;
  } while (after !== null);
}
