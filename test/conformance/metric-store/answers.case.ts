import { beforeAll, describe, expect, it } from "vitest";
import type { QueryFilter } from "../../../src/core/query/query.ts";
import type { MetricStore } from "../../../src/ports/metric-store.ts";
import { ask, cost, load, type Question } from "../lib/facts.ts";

export function factAnswerCases(store: () => MetricStore): void {
  describe("sums", () => {
    it("adds exactly to the eighteenth decimal", async () => {
      const tenant = "exact";
      const amounts = [
        "0.1",
        "0.2",
        "0.000000000000000001",
        "-0.3",
        "99999999999999999999",
        "-99999999999999999998.5",
      ];
      await load(
        store(),
        amounts.map((billed_cost) => cost("2024-09-01", { billed_cost }, { tenant })),
      );
      expect((await ask(store(), {}, tenant)).rows).toEqual([["0.500000000000000001"]]);
    });

    it("writes whole and negative sums without zeros that say nothing", async () => {
      const tenant = "canonical";
      await load(store(), [
        cost("2024-09-01", { service_name: "a", billed_cost: "1.50" }, { tenant }),
        cost("2024-09-01", { service_name: "a", billed_cost: "1.5" }, { tenant }),
        cost("2024-09-01", { service_name: "b", billed_cost: "-2.250" }, { tenant }),
        cost("2024-09-01", { service_name: "c", billed_cost: "0.00" }, { tenant }),
      ]);
      expect((await ask(store(), { groupBy: ["service"] }, tenant)).rows).toEqual([
        ["a", "3"],
        ["c", "0"],
        ["b", "-2.25"],
      ]);
    });

    it("sums daily facts daily, and a week is less than a year", async () => {
      const tenant = "daily";
      const days = Array.from({ length: 366 }, (_, i) =>
        new Date(Date.UTC(2023, 9, 1) + i * 86_400_000).toISOString().slice(0, 10),
      );
      await load(
        store(),
        days.map((day) => cost(day, { billed_cost: "24" }, { tenant })),
      );
      const total = async (from: string, to: string): Promise<unknown> =>
        (await ask(store(), { range: { from, to } }, tenant)).rows;
      expect(await total("2024-09-24", "2024-10-01")).toEqual([["168"]]);
      expect(await total("2023-10-01", "2024-10-01")).toEqual([["8784"]]);
      const daily = await ask(
        store(),
        { range: { from: "2024-09-24", to: "2024-10-01" }, groupBy: ["day"] },
        tenant,
      );
      expect(daily.rows.map(([day, value]) => `${day ?? ""} ${value ?? ""}`)).toEqual(
        days.slice(-7).map((day) => `${day} 24`),
      );
    });

    it("takes the first day in and leaves the last out", async () => {
      const tenant = "half-open";
      await load(store(), [
        cost("2024-08-31", { billed_cost: "1" }, { tenant }),
        cost("2024-09-01", { billed_cost: "2" }, { tenant }),
        cost("2024-09-30", { billed_cost: "4" }, { tenant }),
        cost("2024-10-01", { billed_cost: "8" }, { tenant }),
      ]);
      expect((await ask(store(), {}, tenant)).rows).toEqual([["6"]]);
    });

    it("tells an unknown from 0, and counts what is missing", async () => {
      const tenant = "missing";
      await load(store(), [
        cost("2024-09-01", { service_name: "a", billed_cost: "0", list_cost: null }, { tenant }),
        cost("2024-09-02", { service_name: "a", billed_cost: null, list_cost: null }, { tenant }),
        cost("2024-09-02", { service_name: "b", billed_cost: null, list_cost: "3" }, { tenant }),
      ]);
      const answer = await ask(
        store(),
        { groupBy: ["service"], measures: ["billed_cost", "list_cost"] },
        tenant,
      );
      expect(answer.rows).toEqual([
        ["a", "0", null],
        ["b", null, "3"],
      ]);
      expect(answer.totals).toEqual([
        [{ unit: "USD", value: "0", missing: 2 }],
        [{ unit: "USD", value: "3", missing: 2 }],
      ]);
    });

    it("keeps facts that carry a measure, or do not, whatever is asked for", async () => {
      const tenant = "presence";
      await load(store(), [
        cost("2024-09-01", { service_name: "a", billed_cost: "1", list_cost: "0" }, { tenant }),
        cost("2024-09-02", { service_name: "a", billed_cost: "2", list_cost: null }, { tenant }),
        cost("2024-09-02", { service_name: "b", billed_cost: "4", list_cost: "3" }, { tenant }),
        cost("2024-09-03", { service_name: "b", billed_cost: null, list_cost: "5" }, { tenant }),
      ]);
      const billed = async (...filters: QueryFilter[]) => {
        const { rows, facts } = await ask(store(), { measures: ["billed_cost"], filters }, tenant);
        return [...(rows[0] ?? []), facts];
      };
      const listed: QueryFilter = { field: "list_cost", op: "not", value: null };
      expect(await billed(listed)).toEqual(["5", 3]);
      expect(await billed({ ...listed, op: "equals" })).toEqual(["2", 1]);
      expect(await billed(listed, { field: "billed_cost", op: "not", value: null })).toEqual(["5", 2]);
      expect(await billed(listed, { field: "service", op: "equals", value: "b" })).toEqual(["4", 2]);
    });

    it("keeps currencies and units apart in totals", async () => {
      const tenant = "currencies";
      await load(store(), [
        cost("2024-09-01", { billed_cost: "1", consumed_quantity: "5", consumed_unit: "GB" }, { tenant }),
        cost("2024-09-01", { billed_cost: "2", consumed_quantity: "7", consumed_unit: "Hours" }, { tenant }),
        cost("2024-09-01", { billed_cost: "4", billing_currency: "EUR" }, { tenant }),
        cost(
          "2024-09-01",
          { billed_cost: null, billing_currency: "EUR", consumed_quantity: "1", consumed_unit: "GB" },
          { tenant },
        ),
      ]);
      const question: Question = { groupBy: ["currency"], measures: ["billed_cost", "consumed_quantity"] };
      for (const groupBy of [["currency"], ["currency", "unit"], ["service"]]) {
        expect((await ask(store(), { ...question, groupBy }, tenant)).totals).toEqual([
          [
            { unit: "EUR", value: "4", missing: 1 },
            { unit: "USD", value: "3", missing: 0 },
          ],
          [
            { unit: "GB", value: "6", missing: 0 },
            { unit: "Hours", value: "7", missing: 0 },
            { unit: null, value: null, missing: 1 },
          ],
        ]);
      }
      expect((await ask(store(), { groupBy: ["currency"] }, tenant)).rows).toEqual([
        ["EUR", "4"],
        ["USD", "3"],
      ]);
    });
  });

  describe("groups", () => {
    const tenant = "groups";
    beforeAll(async () => {
      const tags = (value: Record<string, string>): string => JSON.stringify(value);
      await load(store(), [
        cost(
          "2024-09-01",
          {
            service_name: "EC2",
            region_id: "us-east-1",
            billed_cost: "1",
            tags: tags({ env: "prod", "a.b/c~d": "x" }),
          },
          { tenant },
        ),
        cost(
          "2024-09-02",
          { service_name: "EC2", region_id: null, billed_cost: "2", tags: tags({ env: "dev" }) },
          { tenant },
        ),
        cost(
          "2024-09-08",
          { service_name: "S3", region_id: "us-east-1", billed_cost: "4", tags: tags({ env: "prod" }) },
          { tenant },
        ),
        cost(
          "2024-09-09",
          { service_name: "", region_id: "eu-west-1", billed_cost: "8", tags: null },
          { tenant },
        ),
        cost(
          "2024-09-30",
          { service_name: null, region_id: "eu-west-1", billed_cost: "16", tags: tags({}) },
          { tenant },
        ),
        cost("2024-10-01", { service_name: "S3", region_id: "eu-west-1", billed_cost: "32" }, { tenant }),
      ]);
    });
    const rows = async (question: Question): Promise<unknown> => (await ask(store(), question, tenant)).rows;

    it("has one row without a group-by, and none without facts", async () => {
      expect(await rows({})).toEqual([["31"]]);
      expect(await ask(store(), { range: { from: "2020-01-01", to: "2020-02-01" } }, tenant)).toEqual({
        rows: [],
        groups: 0,
        facts: 0,
        totals: [[]],
      });
    });

    it("groups by a column; an absent value is a group of its own, apart from empty text", async () => {
      expect(await rows({ groupBy: ["service"] })).toEqual([
        [null, "16"],
        ["", "8"],
        ["S3", "4"],
        ["EC2", "3"],
      ]);
    });

    it("groups by day, ISO week and month, each told by its first day", async () => {
      const range = { from: "2024-09-01", to: "2024-10-02" };
      expect(await rows({ range, groupBy: ["day"], limit: 2 })).toEqual([
        ["2024-09-01", "1"],
        ["2024-09-02", "2"],
      ]);
      // 1 September 2024 is a Sunday: its week began in August.
      expect(await rows({ range, groupBy: ["week"] })).toEqual([
        ["2024-08-26", "1"],
        ["2024-09-02", "6"],
        ["2024-09-09", "8"],
        ["2024-09-30", "48"],
      ]);
      expect(await rows({ range, groupBy: ["month"] })).toEqual([
        ["2024-09-01", "31"],
        ["2024-10-01", "32"],
      ]);
    });

    it("groups by several dimensions", async () => {
      expect(await rows({ groupBy: ["month", "service", "region"], limit: 3 })).toEqual([
        ["2024-09-01", null, "eu-west-1", "16"],
        ["2024-09-01", "", "eu-west-1", "8"],
        ["2024-09-01", "S3", "us-east-1", "4"],
      ]);
    });

    it("groups by a tag; facts without it have no value", async () => {
      expect(await rows({ groupBy: ["tag:env"] })).toEqual([
        [null, "24"],
        ["prod", "5"],
        ["dev", "2"],
      ]);
      expect(await rows({ groupBy: ["tag:a.b/c~d"] })).toEqual([
        [null, "30"],
        ["x", "1"],
      ]);
    });

    it("sorts by keys and measures, nulls last, ties by the keys", async () => {
      const sorted = async (sort: Question["sort"]): Promise<unknown> =>
        (await ask(store(), { groupBy: ["service"], sort: sort! }, tenant)).rows.map((row) => row[0]);
      expect(await sorted([{ by: "service", order: "asc" }])).toEqual(["", "EC2", "S3", null]);
      expect(await sorted([{ by: "service", order: "desc" }])).toEqual(["S3", "EC2", "", null]);
      expect(await sorted([{ by: "billed_cost", order: "asc" }])).toEqual(["EC2", "S3", "", null]);
      const ties = await ask(store(), { groupBy: ["service", "region"], measures: ["list_cost"] }, tenant);
      expect(ties.rows).toEqual([
        ["", "eu-west-1", null],
        ["EC2", "us-east-1", null],
        ["EC2", null, null],
        ["S3", "us-east-1", null],
        [null, "eu-west-1", null],
      ]);
    });

    it("limits rows, and counts groups, facts and totals over all", async () => {
      const answer = await ask(store(), { groupBy: ["service"], limit: 2 }, tenant);
      expect(answer).toEqual({
        rows: [
          [null, "16"],
          ["", "8"],
        ],
        groups: 4,
        facts: 5,
        totals: [[{ unit: "USD", value: "31", missing: 0 }]],
      });
    });

    it.each<[string, QueryFilter["op"], string | string[], (string | null)[]]>([
      ["equals", "equals", "3", ["EC2"]],
      ["not", "not", "3", [null, "", "S3"]],
      ["greater", "greater", "4", [null, ""]],
      ["less", "less", "8", ["S3", "EC2"]],
      ["between, both ends in", "between", ["3", "8"], ["", "S3", "EC2"]],
    ])("keeps groups whose sum is %s", async (_, op, value, services) => {
      const answer = await ask(
        store(),
        { groupBy: ["service"], filters: [{ field: "billed_cost", op, value }] },
        tenant,
      );
      expect(answer.rows.map((row) => row[0])).toEqual(services);
      const sums = answer.rows.map((row) => Number(row[1]));
      expect(answer.groups).toBe(services.length);
      expect(answer.totals[0]?.[0]?.value).toBe(String(sums.reduce((a, b) => a + b, 0)));
    });
  });

  describe("tags with odd names", () => {
    const names = [
      "a.b",
      'a"b',
      "a'b",
      "a\\b",
      "a/b",
      "a~b",
      "a~1b",
      "$.x",
      "*",
      "[0]",
      "0",
      " ",
      "ключ",
      "🏷️",
      "a\u0000b",
      "%",
      "tag:x",
    ];
    it.each(names)("finds %j", async (name) => {
      const tenant = `tag-${Buffer.from(name).toString("hex")}`;
      await load(store(), [
        cost(
          "2024-09-01",
          { billed_cost: "1", tags: JSON.stringify({ [name]: "found", other: "no" }) },
          { tenant },
        ),
        cost("2024-09-01", { billed_cost: "2", tags: JSON.stringify({ other: name }) }, { tenant }),
      ]);
      const key = `tag:${name}`;
      expect((await ask(store(), { groupBy: [key] }, tenant)).rows).toEqual([
        [null, "2"],
        ["found", "1"],
      ]);
      const filters: QueryFilter[] = [{ field: key, op: "equals", value: "found" }];
      expect((await ask(store(), { filters }, tenant)).rows).toEqual([["1"]]);
    });
  });

  describe("filters", () => {
    const tenant = "filters";
    const SERVICES = [
      "Amazon EC2",
      "amazon ec2",
      "100% S3_x",
      "100 S3yx",
      'O\'Reilly "x" \\',
      "Ünïcode",
      "",
      null,
    ];
    beforeAll(async () => {
      await load(
        store(),
        SERVICES.map((service_name, i) =>
          cost(
            `2024-09-0${i + 1}`,
            { service_name, billed_cost: String(2 ** i), tags: `{"n":"${i}"}` },
            { tenant },
          ),
        ),
      );
    });
    it.each<[QueryFilter["op"], QueryFilter["value"], (string | null)[]]>([
      ["equals", "Amazon EC2", ["Amazon EC2"]],
      ["equals", "", [""]],
      ["equals", null, [null]],
      ["equals", "' OR 1=1 --", []],
      ["equals", 'O\'Reilly "x" \\', ['O\'Reilly "x" \\']],
      ["not", "Amazon EC2", SERVICES.filter((s) => s !== "Amazon EC2")],
      ["not", ["Amazon EC2", null], SERVICES.filter((s) => s !== "Amazon EC2" && s !== null)],
      ["not", null, SERVICES.filter((s) => s !== null)],
      ["in", ["Amazon EC2", "", "nothing"], ["Amazon EC2", ""]],
      ["in", ["Amazon EC2", null], ["Amazon EC2", null]],
      ["contains", "EC2", ["Amazon EC2", "amazon ec2"]],
      ["contains", "%", ["100% S3_x"]],
      ["contains", "S3_", ["100% S3_x"]],
      ["contains", "\\", ['O\'Reilly "x" \\']],
      ["contains", "ÜNÏ", ["Ünïcode"]],
      ["starts", "AMAZON", ["Amazon EC2", "amazon ec2"]],
      ["starts", "100_", []],
      ["ends", "yX", ["100 S3yx"]],
      ["ends", "_x", ["100% S3_x"]],
    ])("service %s %j", async (op, value, expected) => {
      const answer = await ask(
        store(),
        { groupBy: ["service"], filters: [{ field: "service", op, value }] },
        tenant,
      );
      const names = answer.rows.map((row) => row[0] ?? null);
      const sorted = (list: readonly (string | null)[]): string[] =>
        list.map((s) => JSON.stringify(s)).sort();
      expect(sorted(names)).toEqual(sorted(expected));
      expect(answer.facts).toBe(expected.length);
    });

    it.each<[string, QueryFilter["op"], QueryFilter["value"], string]>([
      ["day", "equals", "2024-09-03", "4"],
      ["day", "not", ["2024-09-03", "2024-09-04"], "243"],
      ["day", "greater", "2024-09-07", "128"],
      ["day", "less", "2024-09-03", "3"],
      ["day", "between", ["2024-09-02", "2024-09-03"], "6"],
      ["week", "equals", "2024-09-02", "254"],
      ["month", "in", ["2024-09-01"], "255"],
      ["tag:n", "in", ["0", "1"], "3"],
    ])("%s %s %j", async (field, op, value, total) => {
      expect((await ask(store(), { filters: [{ field, op, value }] }, tenant)).rows).toEqual([[total]]);
    });

    it("holds all filters at once", async () => {
      const filters: QueryFilter[] = [
        { field: "service", op: "contains", value: "ec2" },
        { field: "day", op: "greater", value: "2024-09-01" },
      ];
      expect((await ask(store(), { groupBy: ["service"], filters }, tenant)).rows).toEqual([
        ["amazon ec2", "2"],
      ]);
    });
  });

  describe("billing months", () => {
    it("tell the bill a charge is on from the day it is for", async () => {
      const tenant = "billing";
      const on = (day: string, period: string, billed_cost: string, charge_class: string | null = null) =>
        cost(day, { billed_cost, charge_class }, { tenant, period });
      await load(store(), [
        on("2024-08-15", "2024-08", "100"),
        on("2024-09-15", "2024-09", "50"),
        // September's bill corrects August.
        on("2024-08-15", "2024-09", "-10", "Correction"),
      ]);
      const summer = { range: { from: "2024-08-01", to: "2024-10-01" } };
      const by = async (dimension: string): Promise<unknown> =>
        (await ask(store(), { ...summer, groupBy: [dimension] }, tenant)).rows;
      expect(await by("month")).toEqual([
        ["2024-08-01", "90"],
        ["2024-09-01", "50"],
      ]);
      expect(await by("billing_month")).toEqual([
        ["2024-08", "100"],
        ["2024-09", "40"],
      ]);
      const filters: QueryFilter[] = [{ field: "billing_month", op: "equals", value: "2024-09" }];
      const corrected = await ask(store(), { ...summer, groupBy: ["day"], filters }, tenant);
      expect(corrected.rows).toEqual([
        ["2024-08-15", "-10"],
        ["2024-09-15", "50"],
      ]);
    });
  });

  describe("isolation", () => {
    it("shows a tenant its own facts only, whatever it asks", async () => {
      for (const [i, tenant] of ["iso-a", "iso-b", "iso-a-2"].entries()) {
        await load(store(), [
          cost("2024-09-01", { service_name: tenant, billed_cost: String(10 ** i) }, { tenant }),
        ]);
      }
      for (const [i, tenant] of ["iso-a", "iso-b", "iso-a-2"].entries()) {
        expect((await ask(store(), { groupBy: ["service"] }, tenant)).rows).toEqual([
          [tenant, String(10 ** i)],
        ]);
        const filters: QueryFilter[] = [{ field: "service", op: "not", value: tenant }];
        expect((await ask(store(), { filters }, tenant)).facts).toBe(0);
      }
    });
  });
}
