import type { Command } from "commander";
import type { CallInput } from "../../contract/client.ts";
import type { AnswerOf } from "../../contract/route.ts";
import type { Routes } from "../../contract/routes.ts";
import { DomainError, invalid } from "../../core/errors/errors.ts";
import { dataPlace, type OpenService, withService } from "../connect.ts";
import { allPages } from "../pages.ts";
import type { Effects } from "../effects.ts";
import { followJob } from "../jobs.ts";
import { textTable } from "../output.ts";
import { startProgress } from "../progress.ts";
import { collect, type CommonOptions, common } from "./options.ts";

type Tenant = AnswerOf<Routes["getTenant"]>;
type ChangedTenant = AnswerOf<Routes["updateTenant"]>;

interface AddOptions extends CommonOptions {
  name: string;
  tier?: string;
  contact: string[];
  account: string[];
  framework: string[];
  zone?: string;
  color?: string;
}

interface UpdateOptions extends CommonOptions {
  name?: string;
  tier?: string | false;
  contact: string[];
  account: string[];
  removeAccount: string[];
  framework: string[];
  color?: string;
}

export function tenantsCommand(program: Command, effects: Effects): void {
  const tenants = program
    .command("tenants")
    .description("add, change and list tenants: the customers whose clouds are analysed");
  addCommand(tenants, effects);
  updateCommand(tenants, effects);
  listCommand(tenants, effects);
  showCommand(tenants, effects);
}

function addCommand(tenants: Command, effects: Effects): void {
  common(tenants.command("add"))
    .description("add a tenant; facts already imported for its accounts move to it")
    .argument("<id>", "lower case letters, digits and hyphens")
    .requiredOption("--name <name>", "name as shown in reports")
    .option("--tier <tier>", "what the operator calls its kind of customer, e.g. Enterprise")
    .option("--contact <address>", "mail address of somebody to turn to; repeatable", collect, [])
    .option("--account <id>", "cloud account that belongs to it; repeatable", collect, [])
    .option("--framework <name>", "compliance framework it is subject to; repeatable", collect, [])
    .option("--zone <zone>", "IANA time zone its days are counted in, e.g. Europe/Berlin (default UTC)")
    .option("--color <#rrggbb>", "brand colour of its reports")
    .action(async (id: string, options: AddOptions) => {
      await withService(effects, dataPlace(effects, options.data, "make"), async (service) => {
        const body = {
          id,
          name: options.name,
          tier: options.tier,
          contacts: options.contact,
          accounts: options.account,
          frameworks: options.framework,
          zone: options.zone,
          branding: options.color === undefined ? undefined : { color: options.color },
        };
        const response = await service.as("operator").open("addTenant", { body });
        await tell(effects, options, "Added", await settled(service, effects, options, id, response));
      });
    });
}

function updateCommand(tenants: Command, effects: Effects): void {
  common(tenants.command("update"))
    .description("change what is given of a tenant; facts move with the accounts")
    .argument("<id>")
    .option("--name <name>", "name as shown in reports")
    .option("--tier <tier>", "what the operator calls its kind of customer")
    .option("--no-tier", "no tier any more")
    .option("--contact <address>", "mail address in place of those there are; repeatable", collect, [])
    .option(
      "--account <id>",
      "cloud account it gets, or has and whose facts are elsewhere; repeatable",
      collect,
      [],
    )
    .option("--remove-account <id>", "cloud account it gives up; repeatable", collect, [])
    .option("--framework <name>", "framework in place of those there are; repeatable", collect, [])
    .option("--color <#rrggbb>", "brand colour of its reports")
    .action(async (id: string, options: UpdateOptions) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const response = await change(service, id, options);
        await tell(effects, options, "Changed", await settled(service, effects, options, id, response));
      });
    });
}

/** How often a change of accounts is tried while others change the tenant. */
const TRIES = 5;

/** Accounts are changed as a whole list: from the one that was read, if it is still the one that is there. */
async function change(service: OpenService, id: string, options: UpdateOptions): Promise<Response> {
  const operator = service.as("operator");
  const { name, tier, contact, account, removeAccount, framework, color } = options;
  const fields: CallInput<"updateTenant">["body"] = {
    name,
    // Without the option commander says true.
    tier: tier === false ? null : typeof tier === "string" ? tier : undefined,
    contacts: contact.length === 0 ? undefined : contact,
    frameworks: framework.length === 0 ? undefined : framework,
  };
  const moves = account.length + removeAccount.length > 0;
  if (!moves && color === undefined && Object.values(fields).every((value) => value === undefined)) {
    throw invalid("tenant.nothing-to-change", "Nothing is said of what to change", {
      fix: "Give one of --name, --tier, --contact, --account, --remove-account, --framework, --color.",
    });
  }
  for (let attempt = 1; ; attempt++) {
    const now = await operator.call("getTenant", { params: { id } });
    const accounts = moves
      ? [...now.accounts, ...account].filter((each) => !removeAccount.includes(each))
      : undefined;
    const branding = color === undefined ? undefined : { ...now.branding, color };
    try {
      return await operator.open("updateTenant", {
        params: { id },
        body: { ...fields, accounts, branding },
        headers: { "If-Match": `"${now.etag}"` },
      });
    } catch (error) {
      const met = error instanceof DomainError && error.code === "tenant.changed";
      if (!met || attempt === TRIES) throw error;
    }
  }
}

/** The tenant once its facts are where they belong. */
async function settled(
  service: OpenService,
  effects: Effects,
  { quiet }: CommonOptions,
  id: string,
  response: Response,
): Promise<ChangedTenant> {
  if (response.status !== 202) return (await response.json()) as ChangedTenant;
  const progress = startProgress(effects, quiet);
  try {
    const { id: job } = (await response.json()) as { id: string };
    const { moved, superseded, kept } = (await followJob(service, job, effects, progress)).result as {
      moved: number;
      superseded: number;
      kept: number;
    };
    const tenant = await service.as("operator").call("getTenant", { params: { id } });
    return { ...tenant, factsMoved: moved, factsSuperseded: superseded, factsKept: kept };
  } finally {
    progress.done();
  }
}

async function tell(
  effects: Effects,
  options: CommonOptions,
  done: "Added" | "Changed",
  tenant: ChangedTenant,
): Promise<void> {
  if (options.json === true) return effects.out(`${JSON.stringify(tenant)}\n`);
  const count = (facts: number): string => facts.toLocaleString("en-US");
  const { id, name, accounts, factsMoved, factsSuperseded, factsKept } = tenant;
  const to = done === "Added" ? " to it" : "";
  const moved = factsMoved === 0 ? "" : `; ${count(factsMoved)} facts moved${to}`;
  if (factsSuperseded > 0)
    effects.err(`${count(factsSuperseded)} facts went away: a newer load has the same ones.\n`);
  if (factsKept > 0)
    effects.err(
      `${count(factsKept)} facts stay where they are: the owner was given the same source and period by name. securebase imports list shows them.\n`,
    );
  return effects.out(`${done} ${id} (${name}), ${plural(accounts.length, "account")}${moved}\n`);
}

function listCommand(tenants: Command, effects: Effects): void {
  common(tenants.command("list"))
    .description("list all tenants")
    .action(async (options: CommonOptions) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const client = service.as("operator");
        const items = await allPages((query) => client.call("listTenants", { query }));
        if (options.json === true) return effects.out(`${JSON.stringify(items)}\n`);
        if (items.length === 0)
          effects.err("No tenants yet. Add one with: securebase tenants add ID --name NAME\n");
        const rows = items.map((t) => [
          t.id,
          t.name,
          t.tier ?? "",
          String(t.accounts.length),
          t.frameworks.join(", "),
          t.zone,
        ]);
        const columns = [
          { label: "ID" },
          { label: "Name" },
          { label: "Tier" },
          { label: "Accounts", align: "right" as const },
          { label: "Frameworks" },
          { label: "Zone" },
        ];
        return effects.out(textTable(columns, rows));
      });
    });
}

function showCommand(tenants: Command, effects: Effects): void {
  common(tenants.command("show"))
    .description("show one tenant")
    .argument("<id>")
    .action(async (id: string, options: CommonOptions) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const tenant = await service.as("operator").call("getTenant", { params: { id } });
        if (options.json === true) return effects.out(`${JSON.stringify(tenant)}\n`);
        return effects.out(
          linesOf(tenant)
            .map(([label, value]) => `${label.padEnd(11)} ${value}\n`)
            .join(""),
        );
      });
    });
}

function linesOf(tenant: Tenant): [string, string][] {
  return [
    ["ID", tenant.id],
    ["Name", tenant.name],
    ["Tier", tenant.tier ?? "none"],
    ["Contacts", tenant.contacts.join(", ") || "none"],
    ["Accounts", tenant.accounts.join(", ") || "none"],
    ["Frameworks", tenant.frameworks.join(", ") || "none"],
    ["Zone", tenant.zone],
    ["Demo data", tenant.demo ? "yes" : "no"],
    ["Added", tenant.createdAt],
  ];
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
