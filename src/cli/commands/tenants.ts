import type { Command } from "commander";
import { dataPlace, withService } from "../connect.ts";
import { allPages } from "../pages.ts";
import type { Effects } from "../effects.ts";
import { textTable } from "../output.ts";
import { collect, type CommonOptions, common } from "./options.ts";

interface AddOptions extends CommonOptions {
  name: string;
  account: string[];
  framework: string[];
  zone?: string;
  color?: string;
}

export function tenantsCommand(program: Command, effects: Effects): void {
  const tenants = program
    .command("tenants")
    .description("add and list tenants: the customers whose clouds are analysed");

  common(tenants.command("add"))
    .description("add a tenant; facts already imported for its accounts move to it")
    .argument("<id>", "lower case letters, digits and hyphens")
    .requiredOption("--name <name>", "name as shown in reports")
    .option("--account <id>", "cloud account that belongs to it; repeatable", collect, [])
    .option("--framework <name>", "compliance framework it is subject to; repeatable", collect, [])
    .option("--zone <zone>", "IANA time zone its days are counted in, e.g. Europe/Berlin (default UTC)")
    .option("--color <#rrggbb>", "brand colour of its reports")
    .action(async (id: string, options: AddOptions) => {
      await withService(effects, dataPlace(effects, options.data, "make"), async (service) => {
        const added = await service.as("operator").call("addTenant", {
          body: {
            id,
            name: options.name,
            accounts: options.account,
            frameworks: options.framework,
            zone: options.zone,
            branding: options.color === undefined ? undefined : { color: options.color },
          },
        });
        if (options.json === true) return effects.out(`${JSON.stringify(added)}\n`);
        const moved =
          added.factsMoved === 0 ? "" : `; ${added.factsMoved.toLocaleString("en-US")} facts moved to it`;
        return effects.out(
          `Added ${added.id} (${added.name}), ${plural(added.accounts.length, "account")}${moved}\n`,
        );
      });
    });

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
          String(t.accounts.length),
          t.frameworks.join(", "),
          t.zone,
        ]);
        const columns = [
          { label: "ID" },
          { label: "Name" },
          { label: "Accounts", align: "right" as const },
          { label: "Frameworks" },
          { label: "Zone" },
        ];
        return effects.out(textTable(columns, rows));
      });
    });

  common(tenants.command("show"))
    .description("show one tenant")
    .argument("<id>")
    .action(async (id: string, options: CommonOptions) => {
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const tenant = await service.as("operator").call("getTenant", { params: { id } });
        if (options.json === true) return effects.out(`${JSON.stringify(tenant)}\n`);
        const lines: [string, string][] = [
          ["ID", tenant.id],
          ["Name", tenant.name],
          ["Accounts", tenant.accounts.join(", ") || "none"],
          ["Frameworks", tenant.frameworks.join(", ") || "none"],
          ["Zone", tenant.zone],
          ["Demo data", tenant.demo ? "yes" : "no"],
          ["Added", tenant.createdAt],
        ];
        return effects.out(lines.map(([label, value]) => `${label.padEnd(11)} ${value}\n`).join(""));
      });
    });
}

function plural(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
