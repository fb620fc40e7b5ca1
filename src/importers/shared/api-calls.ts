import { DomainError } from "../../core/errors/errors.ts";
import type { CalendarDate } from "../../core/time/dates.ts";
import { dateInZone } from "../../core/time/zones.ts";
import type { LoadedFact, TenantZones } from "../../ports/load.ts";
import type { ApiCall } from "./record-format.ts";
import { IdSet } from "./id-set.ts";

/** Groups kept in memory: accounts x regions x services x days; beyond it the input is no audit log. */
const MAX_GROUPS = 2_000_000;
const QUARTER_HOUR = 900_000;

interface Group {
  tenant: string;
  account: string;
  region: string | null;
  service: string;
  day: CalendarDate;
  calls: number;
}

/**
 * Counts API calls by account, region, service and day in the tenant's zone. A call that is delivered twice (in two
 * trails, or in a file given again) counts once.
 */
export class CallCounter {
  readonly #tenantOf: (account: string) => string;
  readonly #zones: TenantZones;
  readonly #format: string;
  readonly #groups = new Map<string, Group>();
  readonly #seen = new IdSet();
  readonly #days = new Map<string, CalendarDate>();
  duplicates = 0;

  constructor(format: string, tenantOf: (account: string) => string, zones: TenantZones) {
    this.#format = format;
    this.#tenantOf = tenantOf;
    this.#zones = zones;
  }

  get size(): number {
    return this.#groups.size;
  }

  /** @throws DomainError `import.too-many-groups`, `import.too-many-events` */
  add(call: ApiCall): void {
    if (call.id !== null && !this.#seen.add(call.id)) {
      this.duplicates++;
      return;
    }
    const tenant = this.#tenantOf(call.account);
    const day = this.#dayOf(call.at, this.#zones[tenant] ?? "UTC");
    const key = `${day}\0${call.account}\0${call.region ?? ""}\0${call.service}`;
    const group = this.#groups.get(key);
    if (group !== undefined) {
      group.calls++;
      return;
    }
    if (this.#groups.size >= MAX_GROUPS) {
      throw new DomainError(
        "import.too-many-groups",
        "too-large",
        `The events fall into more than ${MAX_GROUPS} combinations of day, account, region and service`,
        { fix: "Import them in parts, a month at a time." },
      );
    }
    const { account, region, service } = call;
    this.#groups.set(key, { tenant, account, region, service, day, calls: 1 });
  }

  /** Usage facts, metric `api_calls`; partitions are account and day. */
  *facts(): Generator<LoadedFact> {
    for (const { tenant, account, region, service, day, calls } of this.#groups.values()) {
      yield {
        tenant,
        source: `${this.#format}:${account}`,
        period: day,
        day,
        values: {
          metric: "api_calls",
          unit: "calls",
          service_name: service,
          sub_account_id: account,
          region_id: region,
          resource_id: null,
          quantity: String(calls),
          tags: null,
        },
      };
    }
  }

  /** Zones are whole quarter hours off UTC, so all instants of a quarter hour share a date. */
  #dayOf(at: number, zone: string): CalendarDate {
    const quarter = Math.floor(at / QUARTER_HOUR);
    const key = `${zone} ${quarter}`;
    const known = this.#days.get(key);
    if (known !== undefined) return known;
    const day = dateInZone(new Date(quarter * QUARTER_HOUR), zone);
    if (this.#days.size > 50_000) this.#days.clear();
    this.#days.set(key, day);
    return day;
  }
}
