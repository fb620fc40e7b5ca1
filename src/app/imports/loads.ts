import { DomainError, invalid } from "../../core/errors/errors.ts";
import { DATASET_IDS, type DatasetId } from "../../core/metrics/datasets.ts";
import { loadedTogether } from "../../core/metrics/facts.ts";
import { formatDecimal, parseDecimal } from "../../core/money/decimal.ts";
import type { LoadPlace, LoadRecord, PartitionTotals, RemovedPartition } from "../../ports/metric-store.ts";
import { mapPage, type Page, pageOf, type PageRequest } from "../../core/lists/pages.ts";
import type { Services } from "../services.ts";
import { getTenant } from "../tenants/registry.ts";
import { shortNames } from "./report.ts";

/** What facts add up to in one currency: `billed` and `effective` as canonical decimals, null where none carries one. */
export interface LoadTotals {
  /** ISO 4217; null for facts that name none. */
  currency: string | null;
  amounts: Readonly<Record<string, string | null>>;
}

/** A load that people look at. */
export interface ListedLoad extends Omit<LoadRecord, "totals"> {
  totals?: readonly LoadTotals[];
}

/** Newest first. */
export interface LoadList extends Page<ListedLoad> {
  /** There are older ones. */
  more: boolean;
}

const DEFAULT_LOADS = 100;

/**
 * The loads behind the current facts, of one tenant or of all.
 * @throws DomainError `tenant.not-found`
 */
export async function listLoads(
  services: Services,
  { tenant, totals = false, ...page }: PageRequest & { tenant?: string; totals?: boolean },
): Promise<LoadList> {
  const of = tenant === undefined ? {} : { tenant: (await getTenant(services, tenant)).id };
  const read = ({ limit, after }: { limit: number; after?: string }): Promise<LoadRecord[]> => {
    const behind = after === undefined ? {} : { after: placeOf(after) };
    return services.metrics.loads({ ...of, ...behind, limit, totals });
  };
  const found = await pageOf(page, read, cursorOf, DEFAULT_LOADS);
  return { ...mapPage(found, listed), more: found.next !== null };
}

function cursorOf({ loadedAt, tenant, dataset, source, period }: LoadRecord): string {
  return Buffer.from(JSON.stringify([loadedAt, tenant, dataset, source, period])).toString("base64url");
}

/** @throws DomainError `request.invalid-value` for what is no cursor */
function placeOf(cursor: string): LoadPlace {
  const parts = textsOf(Buffer.from(cursor, "base64url").toString("utf8"));
  const [loadedAt = "", tenant = "", named = "", source = "", period = ""] = parts;
  const dataset = DATASET_IDS.find((id) => id === named);
  if (parts.length === 5 && dataset !== undefined && isInstant(loadedAt))
    return { loadedAt, tenant, dataset, source, period };
  throw invalid("request.invalid-value", "after is no place in the list of imports", {
    field: "after",
    fix: "Give `next` of the page before as it is, or leave it out.",
  });
}

/** As loads carry it: RFC 3339, UTC. */
function isInstant(text: string): boolean {
  const time = Date.parse(text);
  return !Number.isNaN(time) && new Date(time).toISOString() === text;
}

/** The texts of a JSON list; none where it is something else. */
function textsOf(json: string): string[] {
  try {
    const list: unknown = JSON.parse(json);
    return Array.isArray(list) ? list.filter((part) => typeof part === "string") : [];
  } catch {
    return [];
  }
}

function listed({ totals, ...load }: LoadRecord): ListedLoad {
  return { ...load, ...(totals !== undefined && { totals: totals.map(shortTotals) }) };
}

function shortTotals({ currency, values }: PartitionTotals): LoadTotals {
  return { currency, amounts: shortNames(values) };
}

/** Which loads are to go. */
export interface LoadsToRemove {
  tenant: string;
  /** With `findings` go their controls, and the other way round. */
  dataset: DatasetId;
  source: string;
  /** All of the source's when not given. */
  period?: string;
  /** Tell what would go, and change nothing. */
  dryRun?: boolean;
}

/** Loads that went, or would, and what they held. */
export interface Removal {
  tenant: string;
  dryRun: boolean;
  rows: number;
  totals: readonly LoadTotals[];
  loads: readonly {
    dataset: DatasetId;
    source: string;
    period: string;
    rows: number;
    totals: readonly LoadTotals[];
  }[];
}

/**
 * Takes loads out, all that are named or none. What is asked afterwards is answered without them: remembered answers go
 * by the version of the data, which this changes.
 * @throws DomainError `import.nothing-to-remove`, which lists what there is; `tenant.not-found`, `import.conflict`
 */
export async function removeLoads(services: Services, which: LoadsToRemove): Promise<Removal> {
  const { dataset, source, period, dryRun = false } = which;
  const tenant = (await getTenant(services, which.tenant)).id;
  const removed = await services.metrics.remove({
    tenant,
    datasets: loadedTogether(dataset),
    source,
    dryRun,
    ...(period !== undefined && { period }),
  });
  if (removed.length === 0) throw nothing(await services.metrics.loads({ tenant }), { ...which, tenant });
  return {
    tenant,
    dryRun,
    rows: removed.reduce((sum, { rows }) => sum + rows, 0),
    totals: addUp(removed).map(shortTotals),
    loads: removed.map((each) => ({
      dataset: each.dataset,
      source: each.source,
      period: each.period,
      rows: each.rows,
      totals: each.totals.map(shortTotals),
    })),
  };
}

/** All partitions' totals by currency, facts without one last. */
function addUp(removed: readonly RemovedPartition[]): PartitionTotals[] {
  const sums = new Map<string | null, Map<string, bigint | null>>();
  for (const { currency, values } of removed.flatMap(({ totals }) => totals)) {
    const own = sums.get(currency) ?? new Map<string, bigint | null>();
    sums.set(currency, own);
    for (const [measure, value] of Object.entries(values)) {
      const before = own.get(measure) ?? null;
      own.set(measure, value === null ? before : (before ?? 0n) + parseDecimal(value));
    }
  }
  return [...sums]
    .sort(([a], [b]) => (a === null ? 1 : b === null || a < b ? -1 : 1))
    .map(([currency, own]) => ({
      currency,
      values: Object.fromEntries(
        [...own].map(([measure, sum]) => [measure, sum === null ? null : formatDecimal(sum)]),
      ),
    }));
}

/**
 * The first of dataset, source and period that the tenant's loads do not have, with those they have. There is no guess
 * at what was meant: the name nearest in letters is often another good bill, and following the guess would remove it.
 */
function nothing(loads: readonly LoadRecord[], which: LoadsToRemove): DomainError {
  const { tenant, dataset, source, period } = which;
  const none = (what: string, field: string, allowed: readonly string[]): DomainError =>
    new DomainError("import.nothing-to-remove", "not-found", `${tenant} has no loads of ${what}`, {
      field,
      allowed,
      fix: allowed.length === 0 ? "Nothing is loaded for it." : `There is: ${allowed.join(", ")}.`,
    });
  const ofDataset = loads.filter((load) => loadedTogether(dataset).includes(load.dataset));
  if (ofDataset.length === 0) return none(dataset, "dataset", distinct(loads.map((load) => load.dataset)));
  const ofSource = ofDataset.filter((load) => load.source === source);
  if (ofSource.length > 0) {
    const periods = distinct(ofSource.map((load) => load.period));
    return none(`${dataset} from ${source} for "${period ?? ""}"`, "period", periods);
  }
  return none(`${dataset} from "${source}"`, "source", distinct(ofDataset.map((load) => load.source)));
}

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
