import { DEFAULT_LIMITS } from "../../core/limits/limits.ts";
import { Turns } from "../../core/limits/turns.ts";
import type { MetricStore } from "../../ports/metric-store.ts";
import { accountsHeld, assignAccounts } from "./assign.ts";
import type { Database } from "./database.ts";
import { KnownExtents } from "./known-extents.ts";
import { listLoads } from "./loads.ts";
import { loadStaged } from "./load-staged.ts";
import { ownerChanges } from "./owner-changes.ts";
import { removePartitions } from "./remove.ts";
import { EmbeddedTenantMetrics } from "./tenant-metrics.ts";

export interface MetricStoreOptions {
  /**
   * Answers of at most so many groups are finished outside of the engine, which would spend more time on planning
   * that than it takes; 0: none. Default 2,048.
   */
  smallGroups?: number;
  /** Handed out to questions; of the default limits when not given. */
  turns?: Turns;
}

const SMALL_GROUPS = 2_048;
/** No tenant has this id. */
const OPERATOR = "";

/** The facts of all tenants in the engine's file. */
export function createMetricStore(database: Database, options: MetricStoreOptions = {}): MetricStore {
  const { smallGroups = SMALL_GROUPS, turns = new Turns(DEFAULT_LIMITS.engine) } = options;
  const known = { keys: new Map<string, number>(), extents: new KnownExtents() };
  return {
    forTenant: (tenant, { background } = { background: false }) =>
      new EmbeddedTenantMetrics(database, tenant, known, {
        smallGroups,
        turn: (work, signal) => turns.run({ owner: tenant, background }, work, signal),
      }),
    loadStaged: (load, options = {}) => loadStaged(database, load, options),
    loads: (filter = {}) => {
      if (filter.totals !== true) return listLoads(database, filter);
      return turns.run({ owner: filter.tenant ?? OPERATOR }, () => listLoads(database, filter));
    },
    remove: (request) => removePartitions(database, request),
    ownerChanges: () => database.read(ownerChanges),
    assign: (accounts, to, signal) => assignAccounts(database, accounts, to, signal),
    accountsHeld: (tenant) => accountsHeld(database, tenant),
  };
}
