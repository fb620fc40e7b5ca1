import { describe, expect, it } from "vitest";
import { SEVERITIES } from "../core/findings/severity.ts";
import { DATASETS, type DatasetId } from "../core/metrics/datasets.ts";
import { parseDecimal } from "../core/money/decimal.ts";
import type { LoadedFact } from "../ports/load.ts";
import { demoControls, demoFindings, demoRecordLoads, demoUsage } from "./facts.ts";
import { demoCharges } from "./focus-csv.ts";
import { demoTenants } from "./profiles.ts";

const OPTIONS = { seed: 7, end: "2025-11-20", months: 14 } as const;
const findings = [...demoFindings(OPTIONS)].flat();
const controls = [...demoControls(OPTIONS)].flat();
const usage = [...demoUsage(OPTIONS)].flat();
const tenants = demoTenants();

const value = (fact: LoadedFact, column: string): string | null => fact.values[column] ?? null;
const at = (facts: readonly LoadedFact[], tenant: string, day: string): LoadedFact[] =>
  facts.filter((fact) => fact.tenant === tenant && fact.day === day);

describe.each<[DatasetId, LoadedFact[]]>([
  ["findings", findings],
  ["controls", controls],
  ["usage", usage],
])("demo %s", (dataset, facts) => {
  it("fill exactly the columns of the dataset", () => {
    const columns = DATASETS[dataset].columns.map((column) => column.name).sort();
    expect(facts.length).toBeGreaterThan(1000);
    expect(facts.filter((fact) => Object.keys(fact.values).sort().join() !== columns.join())).toEqual([]);
  });

  it("belong to their tenant's accounts", () => {
    const owner = new Map(tenants.flatMap((t) => (t.accounts ?? []).map((account) => [account, t.id])));
    expect(facts.filter((fact) => owner.get(value(fact, "sub_account_id") ?? "") !== fact.tenant)).toEqual(
      [],
    );
  });

  it("never cross the borders of their partition", () => {
    expect(facts.filter((fact) => !fact.day.startsWith(fact.period))).toEqual([]);
  });
});

describe("demo findings over time", () => {
  const days = [...new Set(findings.map((fact) => fact.day))].sort();

  it("are a full list every Sunday and on the last day", () => {
    expect(days.at(-1)).toBe("2025-11-19");
    expect(days.slice(0, -1).every((day) => new Date(`${day}T00:00:00Z`).getUTCDay() === 0)).toBe(true);
    expect(days).toHaveLength(65);
  });

  it("replaces its snapshots when the end moves on by a day", () => {
    const later = [...demoFindings({ ...OPTIONS, end: "2025-11-21" })].flat();
    const sundays = new Set(days.slice(0, -1));
    expect(new Set(later.map((fact) => fact.day).filter((day) => day !== "2025-11-20"))).toEqual(sundays);
  });

  it("open, get resolved, leave the list, and some come back", () => {
    const history = new Map<string, string[]>();
    for (const day of days) {
      for (const fact of findings.filter((f) => f.day === day)) {
        const id = value(fact, "finding_id")!;
        history.set(id, [...(history.get(id) ?? []), value(fact, "status")!]);
      }
    }
    const lives = [...history.values()].map((states) => states.join(" "));
    expect(lives.filter((life) => /^open.* resolved$/.test(life)).length).toBeGreaterThan(50);
    expect(lives.filter((life) => /resolved.* open/.test(life)).length).toBeGreaterThan(5);
    expect(lives.filter((life) => life.includes("suppressed")).length).toBeGreaterThan(5);
  });

  it("are of all severities but informational, the worst the rarest", () => {
    const count = (severity: string) => findings.filter((f) => value(f, "severity") === severity).length;
    expect(SEVERITIES.slice(0, 4).every((severity) => count(severity) > 0)).toBe(true);
    expect(count("critical")).toBeLessThan(count("medium"));
  });

  it("are never observed before they were first seen, nor after their snapshot", () => {
    const wrong = findings.filter(
      (f) =>
        value(f, "first_observed_at")! > value(f, "last_observed_at")! ||
        value(f, "last_observed_at")!.slice(0, 10) > f.day,
    );
    expect(wrong).toEqual([]);
  });
});

describe("demo controls", () => {
  it("cover the frameworks each tenant answers to and no others", () => {
    for (const tenant of tenants) {
      const mine = new Set(at(controls, tenant.id, "2025-11-19").map((fact) => value(fact, "framework")));
      expect([...mine].sort()).toEqual([...(tenant.frameworks ?? [])].sort());
    }
  });

  it("fail exactly where an open finding says so, and name it", () => {
    for (const tenant of tenants) {
      const open = at(findings, tenant.id, "2025-11-19").filter((f) => value(f, "status") === "open");
      const ids = new Set(open.map((f) => value(f, "finding_id")));
      const failed = at(controls, tenant.id, "2025-11-19").filter(
        (f) => value(f, "control_status") === "failed",
      );
      expect(failed.length).toBeGreaterThan(0);
      expect(failed.every((f) => ids.has(value(f, "finding_id")))).toBe(true);
    }
  });

  it("show some controls without a verdict, and a title for every control", () => {
    const statuses = new Set(controls.map((fact) => value(fact, "control_status")));
    expect(statuses).toEqual(new Set(["passed", "failed", "not_available"]));
    expect(controls.filter((fact) => value(fact, "control_title") === null)).toEqual([]);
  });

  it("use the frameworks' own control ids", () => {
    const ids = (framework: string) =>
      controls.filter((f) => value(f, "framework") === framework).map((f) => value(f, "control_id")!);
    expect(ids("HIPAA").every((id) => /^164\.3\d\d\(/.test(id))).toBe(true);
    expect(ids("SOC 2").every((id) => /^(CC\d|A1|C1)\.\d$/.test(id))).toBe(true);
    expect(ids("FedRAMP Moderate").every((id) => /^[A-Z]{2}-\d+$/.test(id))).toBe(true);
  });
});

describe("demo usage", () => {
  it("agrees with the hours that are charged", () => {
    const charged = [...demoCharges(OPTIONS)]
      .filter((c) => c.from === "2025-11-10" && c.text.pricingUnit === "Hours" && c.text.category === "Usage")
      .filter((c) => ["Amazon Elastic Compute Cloud", "Amazon Redshift"].includes(c.text.service))
      .reduce((total, c) => total + (c.pricingQuantity ?? 0), 0);
    const used = usage
      .filter((f) => f.day === "2025-11-10" && value(f, "metric") === "compute_hours")
      .filter((f) => ["Amazon Elastic Compute Cloud", "Amazon Redshift"].includes(value(f, "service_name")!))
      .reduce((total, f) => total + parseDecimal(value(f, "quantity")!), 0n);
    expect(used).toBe(BigInt(charged) * 10n ** 15n);
  });

  it("counts calls in whole numbers and keeps storage as a level", () => {
    const calls = usage.filter((f) => value(f, "metric") === "api_calls");
    expect(calls.every((f) => /^\d+$/.test(value(f, "quantity")!))).toBe(true);
    const stored = (day: string) =>
      usage
        .filter((f) => f.day === day && value(f, "metric") === "storage_gb")
        .reduce((total, f) => total + Number(value(f, "quantity")), 0);
    expect(stored("2025-11-10") / stored("2025-11-09")).toBeCloseTo(1, 1);
  });

  it("tells one fact for a resource, metric and day", () => {
    const keys = usage.map((f) =>
      [
        f.day,
        ...["metric", "sub_account_id", "region_id", "service_name", "resource_id"].map((c) => value(f, c)),
      ].join("|"),
    );
    expect(new Set(keys).size).toBe(keys.length);
  });
});

describe("demo loads", () => {
  it("stream the same facts every time", async () => {
    const small = { seed: 3, end: "2025-11-05", months: 1 } as const;
    const read = async () => {
      const text: string[] = [];
      for (const load of demoRecordLoads(small, "2025-11-05T00:00:00Z")) {
        for await (const batch of load.records) text.push(load.dataset, JSON.stringify(batch));
      }
      return text.join("\n");
    };
    expect(await read()).toBe(await read());
  });
});
