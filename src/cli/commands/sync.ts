import { Argument, type Command } from "commander";
import {
  CONNECTION_KINDS,
  type ConnectionKind,
  KINDS,
  type SettingSpec,
} from "../../core/connections/kinds.ts";
import { parseKind } from "../../core/connections/connection.ts";
import { policyFor, trustPolicyFor } from "../../core/connections/policy.ts";
import { dataPlace, withService } from "../connect.ts";
import { allPages } from "../pages.ts";
import type { Effects } from "../effects.ts";
import type { ExitCode } from "../errors.ts";
import { textTable } from "../output.ts";
import { common, type CommonOptions } from "./options.ts";
import { syncRunCommand } from "./sync-run.ts";

interface AddOptions extends CommonOptions, Partial<Record<string, unknown>> {
  id?: string;
  tenant?: string;
  region?: string;
  roleArn?: string;
  externalId?: string;
  profile?: string;
}

/** The settings of all kinds, each once. */
const SETTINGS: readonly SettingSpec[] = [
  ...new Map(
    CONNECTION_KINDS.flatMap((kind) => KINDS[kind].settings).map((spec) => [spec.name, spec]),
  ).values(),
];

export function syncCommand(program: Command, effects: Effects, exit: (code: ExitCode) => void): void {
  const sync = program
    .command("sync")
    .description("pull costs, findings, compliance and usage from cloud accounts")
    .addHelpText("after", `\nKinds:\n${kindList()}`);
  addCommand(sync, effects);
  listCommand(sync, effects);
  syncRunCommand(sync, effects, exit);
  removeCommand(sync, effects);
  policyCommand(sync, effects);
}

function kindList(): string {
  return CONNECTION_KINDS.map((kind) => `  ${kind.padEnd(18)} ${KINDS[kind].title}\n`).join("");
}

function kindArgument(): Argument {
  return new Argument("<kind>", `kind of connection: ${CONNECTION_KINDS.join(", ")}`);
}

/** `bucket: … (s3-cost-export)`: which kinds an option is for. */
function settingOptions(command: Command): Command {
  for (const { name, description } of SETTINGS) {
    const kinds = CONNECTION_KINDS.filter((kind) => KINDS[kind].settings.some((spec) => spec.name === name));
    command.option(`--${name} <value>`, `${description} [${kinds.join(", ")}]`);
  }
  return command;
}

function settingsOf(options: Partial<Record<string, unknown>>): Record<string, string> {
  const given = SETTINGS.map(({ name }) => [name, options[name]] as const);
  return Object.fromEntries(given.filter((entry): entry is [string, string] => typeof entry[1] === "string"));
}

function addCommand(sync: Command, effects: Effects): void {
  settingOptions(
    common(sync.command("add"))
      .description("add a connection; only names of roles and profiles are stored, never keys")
      .addArgument(kindArgument())
      .option("--id <id>", "id of the connection (default: tenant and kind)")
      .option("--tenant <id>", "tenant that gets all the data (default: the tenant that has the account)")
      .option("--region <region>", "region to read from (default for Cost Explorer: us-east-1)")
      .option("--role-arn <arn>", "role to assume for reading")
      .option("--external-id <id>", "external id in the role's trust policy")
      .option("--profile <name>", "profile of the shared AWS configuration files"),
  ).action(async (kind: string, options: AddOptions) => {
    const { id, tenant, region, roleArn, externalId, profile } = options;
    await withService(effects, dataPlace(effects, options.data, "make"), async (service) => {
      const added = await service.as("operator").call("addConnection", {
        body: {
          kind,
          id,
          tenant,
          region,
          roleArn,
          externalId,
          profile,
          settings: settingsOf(options),
        },
      });
      if (options.json === true) return effects.out(`${JSON.stringify(added)}\n`);
      return effects.out(
        `Added ${added.id} (${added.kind} in ${added.region}). Try it with: securebase sync run ${added.id} --dry-run\n`,
      );
    });
  });
}

function listCommand(sync: Command, effects: Effects): void {
  common(sync.command("list"))
    .description("list connections and how their last pull went")
    .action(async (options: CommonOptions) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const client = service.as("operator");
        const items = await allPages((query) => client.call("listConnections", { query }));
        if (options.json === true) return effects.out(`${JSON.stringify(items)}\n`);
        if (items.length === 0) effects.err("No connections yet. Add one with: securebase sync add KIND\n");
        const rows = items.map(({ id, kind, tenant, region, lastRun }) => [
          ...[id, kind, tenant ?? "by account", region],
          lastRun === null ? "never" : `${lastRun.status}${lastRun.dryRun ? " (dry run)" : ""}`,
          lastRun?.finishedAt ?? lastRun?.startedAt ?? null,
          lastRun?.error?.message ?? null,
        ]);
        const labels = ["ID", "Kind", "Tenant", "Region", "Last pull", "At", "Error"];
        return effects.out(
          textTable(
            labels.map((label) => ({ label })),
            rows,
          ),
        );
      });
    });
}

function removeCommand(sync: Command, effects: Effects): void {
  common(sync.command("remove"))
    .description("remove a connection; the data it loaded stays")
    .argument("<id>")
    .action(async (id: string, options: CommonOptions) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        await service.as("operator").open("removeConnection", { params: { id } });
        return effects.out(
          options.json === true ? `${JSON.stringify({ removed: id })}\n` : `Removed ${id}\n`,
        );
      });
    });
}

interface PolicyOptions {
  region?: string;
  trust?: string;
  externalId?: string;
  bucket?: string;
  prefix?: string;
}

function policyCommand(sync: Command, effects: Effects): void {
  sync
    .command("policy")
    .description("print the IAM policy a connection needs, as JSON: the actions it calls and no others")
    .addArgument(kindArgument())
    .option("--bucket <name>", "bucket of an s3-cost-export (default: the placeholder BUCKET)")
    .option("--prefix <path>", "folder of an s3-cost-export")
    .option("--region <region>", "region, which determines the partition of ARNs (aws, aws-us-gov or aws-cn)")
    .option("--trust <principal-arn>", "print the role's trust policy for this principal instead")
    .option("--external-id <id>", "external id the trust policy requires")
    .action((kind: string, options: PolicyOptions) => {
      const known: ConnectionKind = parseKind(kind);
      const { region, trust, externalId, bucket, prefix } = options;
      const settings = {
        ...(bucket !== undefined && { bucket }),
        ...(prefix !== undefined && { prefix: prefix.replace(/^\/+|\/+$/g, "") }),
      };
      const policy =
        trust === undefined ? policyFor(known, settings, region) : trustPolicyFor(trust, externalId);
      return effects.out(`${JSON.stringify(policy, null, 2)}\n`);
    });
}
