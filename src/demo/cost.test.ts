import { describe, expect, it } from "vitest";
import { parse } from "csv-parse/sync";
import { addDays } from "../core/time/dates.ts";
import { formatDecimal, parseDecimal, sumDecimals } from "../core/money/decimal.ts";
import { makeTenant } from "../core/tenants/tenant.ts";
import { DEMO_FOCUS_HEADER, demoCharges, demoFocusCsv } from "./focus-csv.ts";
import { demoScenario, type DemoEvent, type EventOf } from "./scenario.ts";
import { demoTenants } from "./profiles.ts";
import { type Charge, dollars } from "./charges.ts";

const OPTIONS = { seed: 7, end: "2025-11-20", months: 14 } as const;
const charges = [...demoCharges(OPTIONS)];
const scenario = demoScenario(OPTIONS);
const tenants = demoTenants();
const tenantOf = new Map(tenants.flatMap((t) => (t.accounts ?? []).map((account) => [account, t.id])));

const sum = (list: readonly Charge[], of: (charge: Charge) => number): number =>
  list.reduce((total, charge) => total + of(charge), 0);
function groupBy(list: readonly Charge[], key: (charge: Charge) => string): Charge[][] {
  const groups = new Map<string, Charge[]>();
  for (const charge of list) {
    const group = groups.get(key(charge));
    if (group === undefined) groups.set(key(charge), [charge]);
    else group.push(charge);
  }
  return [...groups.values()];
}
const billed = (list: readonly Charge[]): number => sum(list, (charge) => charge.billed);
const where = (test: (charge: Charge) => boolean): Charge[] => charges.filter(test);
const ofTenant = (id: string) => (charge: Charge) => tenantOf.get(charge.text.account.id) === id;
const event = <K extends DemoEvent["kind"]>(kind: K): EventOf<K> =>
  scenario.find((e): e is EventOf<K> => e.kind === kind)!;
/** Usage as it was metered, without what is billed by the month. */
const usage = charges.filter((c) => c.text.category === "Usage" && !c.text.correction);

describe("demo tenants", () => {
  it("are five valid tenants, labelled as demo, with accounts of their own", () => {
    expect(tenants).toHaveLength(5);
    for (const tenant of tenants) {
      const made = makeTenant(tenant, "2025-01-01T00:00:00Z");
      expect(made.demo).toBe(true);
      expect(made.name).toContain("(demo)");
      expect(made.accounts.every((account) => /^\d{12}$/.test(account))).toBe(true);
    }
    const accounts = tenants.flatMap((tenant) => tenant.accounts ?? []);
    expect(new Set(accounts).size).toBe(accounts.length);
  });
});

describe("demo cost", () => {
  it("covers every day of every tenant up to the day before the end", () => {
    for (const tenant of tenants) {
      const days = new Set(charges.filter(ofTenant(tenant.id)).map((charge) => charge.from));
      expect([...days].sort()[0]).toBe("2024-09-01");
      expect([...days].sort().at(-1)).toBe("2025-11-19");
      expect(days.size).toBe(445);
    }
  });

  it("has the size of a real delivery", () => {
    expect(charges.length).toBeGreaterThan(200_000);
    expect(charges.length).toBeLessThan(400_000);
  });

  it("grows", () => {
    for (const tenant of tenants) {
      const mine = usage.filter(ofTenant(tenant.id));
      const month = (m: string) =>
        sum(
          mine.filter((c) => c.from.startsWith(m)),
          (c) => c.list,
        );
      expect(month("2025-10")).toBeGreaterThan(month("2024-10") * 1.04);
    }
  });

  it("is lower at weekends", () => {
    const weekday = (c: Charge) => new Date(`${c.from}T00:00:00Z`).getUTCDay();
    const weekend =
      sum(
        usage.filter((c) => [0, 6].includes(weekday(c))),
        (c) => c.list,
      ) / 2;
    const week =
      sum(
        usage.filter((c) => ![0, 6].includes(weekday(c))),
        (c) => c.list,
      ) / 5;
    expect(weekend).toBeLessThan(week * 0.9);
  });

  it("has batch work at month-end", () => {
    const glue = usage.filter((c) => c.text.service === "AWS Glue" && c.from.startsWith("2025-09"));
    const last =
      sum(
        glue.filter((c) => c.from > "2025-09-27"),
        (c) => c.list,
      ) / 3;
    const before =
      sum(
        glue.filter((c) => c.from <= "2025-09-27"),
        (c) => c.list,
      ) / 27;
    expect(last).toBeGreaterThan(before * 1.8);
  });

  it("shows the announced spike on its day, service and account, and nowhere beside", () => {
    const spike = event("cost-spike");
    const daily = (date: string) =>
      billed(
        usage.filter(
          (c) => c.from === date && c.text.account.id === spike.account && c.text.service === spike.service,
        ),
      );
    expect(daily(spike.day)).toBeGreaterThan(20 * daily(addDays(spike.day, -1)));
    expect(daily(spike.day)).toBeGreaterThan(20 * daily(addDays(spike.day, 1)));
  });

  it("moves a tenant's spend from one region to the other", () => {
    const move = event("region-move");
    const mine = usage.filter((c) => ofTenant(move.tenant)(c) && c.text.region !== "");
    const share = (date: string) => {
      const day = mine.filter((c) => c.from === date);
      return (
        sum(
          day.filter((c) => c.text.region === move.toRegion),
          (c) => c.list,
        ) / sum(day, (c) => c.list)
      );
    };
    expect(share(addDays(move.from, -1))).toBeLessThan(0.35);
    expect(share(addDays(move.to, 1))).toBe(1);
    const half = share(addDays(move.from, 33));
    expect(half).toBeGreaterThan(0.4);
    expect(half).toBeLessThan(0.9);
  });

  it("gives credits until they are used up, and a refund, all negative", () => {
    const credits = where((c) => c.text.category === "Credit");
    expect(credits.length).toBeGreaterThan(50);
    expect(credits.every((c) => c.billed < 0 && c.effective === c.billed)).toBe(true);
    const programme = credits.filter(ofTenant("sprout"));
    expect(dollars(billed(programme))).toBe("-15000");
    const refund = event("refund");
    expect(
      credits
        .filter((c) => c.from === refund.day && ofTenant(refund.tenant)(c))
        .map((c) => dollars(c.billed)),
    ).toEqual([refund.amount]);
  });

  it("opens an account midway", () => {
    const opening = event("new-account");
    const days = where((c) => c.text.account.id === opening.account && c.text.category === "Usage").map(
      (c) => c.from,
    );
    expect(days.sort()[0]).toBe(opening.day);
  });

  it("restates days in the bill of the month after", () => {
    for (const restated of scenario.filter((e): e is EventOf<"restatement"> => e.kind === "restatement")) {
      const rows = where((c) => c.text.correction && ofTenant(restated.tenant)(c));
      expect(rows.length).toBeGreaterThan(10);
      expect(new Set(rows.map((row) => row.billingFrom.slice(0, 7)))).toEqual(
        new Set([restated.billingPeriod]),
      );
      expect(rows.every((row) => row.from >= restated.from && row.from < restated.to)).toBe(true);
      expect(rows.every((row) => row.from < row.billingFrom && row.billed < 0)).toBe(true);
    }
  });

  it("leaves some resources untagged and tags the others by team and cost centre", () => {
    const withTag = (key: string) =>
      usage.filter((c) => c.text.tags[key] !== undefined).length / usage.length;
    expect(withTag("environment")).toBeGreaterThan(0.6);
    expect(withTag("environment")).toBeLessThan(0.97);
    expect(withTag("cost-center")).toBeLessThan(withTag("environment"));
  });
});

describe("demo cost adds up", () => {
  it("prices times quantities are the costs, exactly", () => {
    const wrong = usage.filter(
      (c) =>
        c.text.listPrice !== undefined &&
        c.pricingQuantity !== null &&
        (c.list !== c.text.listPrice * c.pricingQuantity ||
          c.contracted !== c.text.contractedPrice! * c.pricingQuantity),
    );
    expect(wrong).toEqual([]);
  });

  it("list >= contracted >= effective for usage, and on-demand usage is billed as contracted", () => {
    const right = (c: Charge) =>
      c.list >= c.contracted &&
      c.contracted >= c.effective &&
      c.effective > 0 &&
      c.billed === (c.text.commitment === undefined ? c.contracted : 0);
    expect(usage.filter((c) => c.text.commitmentStatus !== "Unused" && !right(c))).toEqual([]);
  });

  it("a commitment's purchases equal its used and unused parts in every whole month", () => {
    const covered = where((c) => c.text.commitment !== undefined && c.billingFrom < "2025-11-01");
    const groups = groupBy(covered, (c) => `${c.text.commitment!.id} ${c.billingFrom}`);
    expect(groups.length).toBeGreaterThan(8 * 12);
    for (const group of groups) expect(billed(group)).toBe(sum(group, (c) => c.effective));
    const statuses = new Set(covered.map((c) => c.text.commitmentStatus));
    expect(statuses).toEqual(new Set([undefined, "Used", "Unused"]));
  });

  it("billed and effective cost agree over every tenant's whole months", () => {
    const groups = groupBy(
      charges.filter((c) => c.billingFrom < "2025-11-01"),
      (c) => `${tenantOf.get(c.text.account.id)} ${c.billingFrom}`,
    );
    expect(groups.length).toBe(5 * 14);
    for (const group of groups) expect(billed(group)).toBe(sum(group, (c) => c.effective));
  });

  it("taxes the month's usage and support", () => {
    const month = where((c) => ofTenant("tidewater")(c) && c.billingFrom === "2025-09-01");
    const tax = billed(month.filter((c) => c.text.category === "Tax"));
    const taxed = billed(
      month.filter((c) => c.text.category !== "Tax" && c.text.commitment?.kind !== "Usage"),
    );
    expect(tax / taxed).toBeCloseTo(0.19, 4);
  });
});

describe("demo FOCUS file", () => {
  const small = { seed: 7, end: "2025-11-05", months: 1 } as const;
  const rows = parse([...demoFocusCsv(small)].join(""), { columns: true }) as unknown as Record<
    string,
    string
  >[];

  it("is readable by an independent parser and carries the same rows and totals", () => {
    const expected = [...demoCharges(small)];
    expect(rows).toHaveLength(expected.length);
    expect(Object.keys(rows[0]!)).toEqual([...DEMO_FOCUS_HEADER]);
    expect(sumDecimals(rows.map((row) => row.BilledCost!))).toBe(dollars(billed(expected)));
    expect(sumDecimals(rows.map((row) => row.EffectiveCost!))).toBe(
      dollars(sum(expected, (c) => c.effective)),
    );
  });

  it("keeps account ids and tags intact", () => {
    expect(rows.some((row) => row.SubAccountId === "011020300102")).toBe(true);
    const tagged = rows.filter((row) => row.Tags !== "");
    expect(JSON.parse(tagged[0]!.Tags!)).toHaveProperty("environment");
  });

  it("has the units its quantities are in", () => {
    const requests = rows.filter((r) => r.PricingUnit === "1000000 Requests");
    const wrong = requests.filter((row) => {
      const consumed = formatDecimal(parseDecimal(row.PricingQuantity!) * 1_000_000n);
      return formatDecimal(parseDecimal(row.ConsumedQuantity!)) !== consumed;
    });
    expect(requests.length).toBeGreaterThan(100);
    expect(wrong).toEqual([]);
  });

  it("is the same for the same seed and end, and another for another seed", () => {
    const text = (seed: number) => [...demoFocusCsv({ ...small, seed })].join("");
    expect(text(7)).toBe(text(7));
    expect(text(8)).not.toBe(text(7));
  });

  it("refuses an impossible length and date", () => {
    expect(() => [...demoFocusCsv({ ...small, months: 0 })]).toThrow(/cannot cover 0 months/);
    expect(() => [...demoFocusCsv({ ...small, end: "2025-02-30" })]).toThrow(/not a calendar date/);
  });
});
