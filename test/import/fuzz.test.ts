import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { EmbeddedStore } from "../../src/adapters/embedded/store.ts";
import { DomainError } from "../../src/core/errors/errors.ts";
import { planFiles } from "../../src/importers/registry/plan.ts";
import { openRecords } from "../../src/importers/shared/open-records.ts";
import type { InputFile, LoadReport } from "../../src/ports/load.ts";
import type { Fresh } from "../conformance/lib/fresh.ts";
import { freshStore } from "../conformance/lib/embedded.ts";
import { samplePath } from "../samples.ts";
import { memoryFile } from "../support/memory-file.ts";
import { cur2, KINDS, legacyCur } from "./cur-files.ts";
import { focusCsv } from "./lib.ts";

const owners = { kind: "tenant", tenant: "acme" } as const;
const loadedAt = "2025-06-01T00:00:00.000Z";
let fresh: Fresh<EmbeddedStore>;
let before: string;
beforeAll(async () => {
  fresh = await freshStore((store) => store);
  await load(memoryFile("cur.csv", legacyCur(KINDS.map(({ row }) => row))), false);
  before = await versions();
});
afterAll(() => fresh.close());

/** Changes with every load that is committed. */
async function versions(): Promise<string> {
  return JSON.stringify(await fresh.store.metrics.loads({ tenant: "acme" }));
}

/** The whole way of an import; a dry run reads, checks and sums all the same. */
async function load(file: InputFile, dryRun = true): Promise<LoadReport[]> {
  const plan = await planFiles([file]);
  const target = { owners, zones: {}, loadedAt, dryRun };
  if (plan.kind === "empty") return [];
  if (plan.kind === "tables")
    return [
      await fresh.store.metrics.load({ kind: "tables", mapping: plan.mapping, files: plan.files, ...target }),
    ];
  return fresh.store.metrics.loadDelivery(
    openRecords(plan.format, { files: plan.files, ...target }).delivery,
  );
}

const sampleOf = (name: string): [string, string][] => {
  const path = samplePath(name);
  return path === undefined ? [] : [[name, readFileSync(path, "utf8")]];
};
const FILES: readonly [name: string, text: string][] = [
  ["FOCUS", focusCsv([{}, { BilledCost: "-2" }])],
  ["a legacy CUR", legacyCur(KINDS.map(({ row }) => row))],
  ["CUR 2.0", cur2(KINDS.map(({ row }) => row))],
  ...sampleOf("asff/asff_sample.json"),
  ...sampleOf("asff/prowler-sample.asff.jsonl"),
  ...sampleOf("prowler/example_output_aws.csv"),
  ...sampleOf("prowler/example_output_aws.ocsf.json"),
  ...sampleOf("ocsf/cloudtrail_api_activity.raw.json"),
];

/** Refused with a reason that names the file and a fix, or loaded with every row counted; never anything else. */
async function expectHonest(file: InputFile): Promise<DomainError | LoadReport[]> {
  try {
    const reports = await load(file);
    for (const report of reports) {
      if (report.format === "focus" || report.format === "cur")
        expect(report.rowsAccepted + report.rowsRejected).toBe(report.rowsRead);
      for (const { file: name, reason } of report.rejections)
        expect([name, reason !== ""]).toEqual([file.name, true]);
    }
    return reports;
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    expect(error.code).toMatch(/^import\./);
    expect(error.message).toContain(file.name);
    expect(error.fix).toBeTruthy();
    return error;
  }
}

describe.each(FILES)("%s, damaged", (_, text) => {
  it("is refused when its gzip ends early, wherever that is", async () => {
    const packed = gzipSync(text);
    for (const share of [0.1, 0.5, 0.9, 1]) {
      const end = Math.min(packed.length - 1, Math.max(11, Math.floor(packed.length * share)));
      expect(await expectHonest(memoryFile("cut.gz", packed.subarray(0, end)))).toMatchObject({
        code: "import.damaged",
      });
    }
  });

  it("is refused in UTF-16, and read with a byte-order mark and CR LF", async () => {
    expect(await expectHonest(memoryFile("wide", Buffer.from(`\ufeff${text}`, "utf16le")))).toMatchObject({
      code: "import.encoding",
    });
    expect(
      await expectHonest(memoryFile("marked", `\ufeff${text.replaceAll(/\r?\n/g, "\r\n")}`)),
    ).toBeInstanceOf(Array);
  });

  it("is honest about bytes that are cut out, doubled or overwritten", async () => {
    const bytes = Buffer.from(text);
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      length: fc.integer({ min: 0, max: 200 }),
      by: fc.oneof(
        fc.uint8Array({ maxLength: 20 }),
        fc.constantFrom("NaN", "1e400", "-", '"', "\n", "{", "]", "\0").map((t) => Buffer.from(t)),
      ),
    });
    await fc.assert(
      fc.asyncProperty(change, async ({ at, length, by }) => {
        const from = Math.floor(at * bytes.length);
        await expectHonest(
          memoryFile("changed", Buffer.concat([bytes.subarray(0, from), by, bytes.subarray(from + length)])),
        );
      }),
      { numRuns: 12 },
    );
    expect(await versions()).toBe(before);
  }, 60_000);
});

describe("values of a Cost and Usage Report that are none", () => {
  it.each([
    ["lineItem/UnblendedCost", "NaN", '"NaN" is not a number'],
    [
      "lineItem/UnblendedCost",
      "1e400",
      '"1e400" does not fit 20 digits before and 18 after the decimal point',
    ],
    ["pricing/publicOnDemandCost", "Infinity", '"Infinity" is not a number'],
    ["lineItem/UsageAmount", "1,5", '"1,5" is not a number'],
    [
      "lineItem/UsageStartDate",
      "2024-13-01T00:00:00Z",
      '"2024-13-01T00:00:00Z" is not an instant such as 2024-09-01T00:00:00Z',
    ],
    [
      "bill/BillingPeriodStartDate",
      "0000-01-01T00:00:00Z",
      '"0000-01-01T00:00:00Z" is not an instant such as 2024-09-01T00:00:00Z',
    ],
    ["lineItem/CurrencyCode", "", "the value is missing"],
  ])("%s %s is a rejection with line and field", async (field, value, reason) => {
    const [report] = await load(memoryFile("bad.csv", legacyCur([{}, { [field]: value }])));
    expect(report?.rejections).toEqual([{ file: "bad.csv", line: 3, row: 2, field, reason }]);
    expect(report?.rowsAccepted).toBe(1);
  });

  it("takes negative quantities and costs as they are", async () => {
    const row = { "lineItem/UsageAmount": "-3", "lineItem/UnblendedCost": "-1.5e-7" };
    const [report] = await load(memoryFile("negative.csv", legacyCur([row])));
    expect(report?.totals).toMatchObject([
      { source: { billed_cost: "-0.00000015" }, loaded: { billed_cost: "-0.00000015" } },
    ]);
  });

  it("refuses two columns of one name, and a row longer than any", async () => {
    const twice = legacyCur([{}]).replace("pricing/term", "lineitem/unblendedcost");
    expect(await expectHonest(memoryFile("twice.csv", twice))).toMatchObject({
      code: "import.duplicate-column",
    });
    const text = legacyCur([{ "lineItem/ResourceId": "x".repeat(3_000_000) }, {}]);
    const [report] = await load(memoryFile("long.csv", text, 1 << 16));
    expect(report?.rejections).toMatchObject([
      { line: 2, row: 1, field: null, reason: "the row is longer than 2 MB" },
    ]);
    expect(report?.rowsAccepted).toBe(1);
  });
});
