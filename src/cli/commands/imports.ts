import { type Command, Option } from "commander";
import { invalid } from "../../core/errors/errors.ts";
import { DATASET_IDS, type DatasetId } from "../../core/metrics/datasets.ts";
import { dataPlace, withService } from "../connect.ts";
import type { Effects } from "../effects.ts";
import { textTable } from "../output.ts";
import { common, type CommonOptions, wholeNumber } from "./options.ts";

/** The most loads the API lists at once. */
const MOST = 1_000;

export function importsCommand(program: Command, effects: Effects): void {
  const imports = program.command("imports").description("list imported loads, and remove them");
  listCommand(imports, effects);
  removeCommand(imports, effects);
}

interface ListOptions extends CommonOptions {
  tenant?: string;
  limit: string;
}

function listCommand(imports: Command, effects: Effects): void {
  common(imports.command("list"))
    .description("list the loads behind the current data, newest first, with their totals")
    .option("--tenant <id>", "only this tenant's loads; unassigned for accounts that belong to no tenant")
    .option("--limit <n>", `maximum number to list, up to ${MOST}`, "100")
    .action(async (options: ListOptions) => {
      const limit = wholeNumber(options.limit, "limit");
      if (limit < 1 || limit > MOST) {
        throw invalid("cli.invalid-limit", `--limit ${limit} is not between 1 and ${MOST}`, {
          field: "limit",
          fix: `Give a number from 1 to ${MOST}.`,
        });
      }
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const { tenant } = options;
        const query = { limit, totals: true, tenant };
        const list = await service.as("operator").call("listImports", { query });
        if (options.json === true) return effects.out(`${JSON.stringify(list)}\n`);
        if (list.items.length === 0) effects.err("No imports yet. Load files with: securebase import FILE\n");
        const rows = list.items.map(({ totals = [], ...load }) => [
          ...[load.tenant, load.dataset, load.source, load.period, String(load.rows)],
          ...[amountsOf(totals, "billed"), amountsOf(totals, "effective"), load.loadedAt],
        ]);
        await effects.out(textTable(columnsOf("Tenant", "Loaded at"), rows));
        if (list.more) {
          effects.err(
            `note: these are the newest ${limit}; there are older ones. --limit shows up to ${MOST}\n`,
          );
        }
      });
    });
}

interface RemoveOptions extends CommonOptions {
  tenant: string;
  dataset: DatasetId;
  source: string;
  period?: string;
  dryRun?: boolean;
}

function removeCommand(imports: Command, effects: Effects): void {
  common(imports.command("remove"))
    .description("remove the loads of one source, all or none; importing the files again restores them")
    .requiredOption("--tenant <id>", "whose they are")
    .addOption(
      new Option("--dataset <name>", "dataset to remove; findings and controls go together")
        .choices(DATASET_IDS)
        .makeOptionMandatory(),
    )
    .requiredOption("--source <source>", "as imports list shows it, e.g. cur:AWS:123456789012")
    .option("--period <period>", "one month or snapshot day, as imports list shows it (default: all)")
    .option("--dry-run", "show what would be removed, and change nothing")
    .action(async (options: RemoveOptions) => {
      const { tenant, dataset, source, period, dryRun } = options;
      await withService(effects, dataPlace(effects, options.data), async (service) => {
        const query = {
          tenant,
          dataset,
          source,
          period,
          dryRun,
        };
        const removal = await service.as("operator").call("removeImports", { query });
        if (options.json === true) return effects.out(`${JSON.stringify(removal)}\n`);
        const { loads, rows } = removal;
        await effects.out(
          `${removal.dryRun ? "Would remove" : "Removed"} ${count(loads.length, "load")} of ${removal.tenant}, ${count(rows, "row")}\n\n`,
        );
        const lines = loads.map(({ totals, ...load }) => [
          ...[load.dataset, load.source, load.period, String(load.rows)],
          ...[amountsOf(totals, "billed"), amountsOf(totals, "effective")],
        ]);
        return effects.out(textTable(columnsOf(), lines));
      });
    });
}

function columnsOf(first?: string, last?: string): { label: string; align?: "right" }[] {
  const right = "right" as const;
  return [
    ...(first === undefined ? [] : [{ label: first }]),
    ...[{ label: "Dataset" }, { label: "Source" }, { label: "Period" }],
    ...[
      { label: "Rows", align: right },
      { label: "Billed", align: right },
      { label: "Effective", align: right },
    ],
    ...(last === undefined ? [] : [{ label: last }]),
  ];
}

/** `10.5 USD, 3 EUR`; null, which a table shows as unknown, where no fact has an amount. */
function amountsOf(
  totals: readonly { currency: string | null; amounts: Readonly<Record<string, string | null>> }[],
  name: string,
): string | null {
  const known = totals.flatMap(({ currency, amounts }) => {
    const amount = amounts[name] ?? null;
    return amount === null ? [] : [`${amount} ${currency ?? "without a currency"}`];
  });
  return known.length === 0 ? null : known.join(", ");
}

function count(n: number, what: string): string {
  return `${n.toLocaleString("en-US")} ${what}${n === 1 ? "" : "s"}`;
}
