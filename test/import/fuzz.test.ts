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
import { loaderFor, loadTables } from "../support/loading.ts";

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
    return [await loadTables(fresh.store.metrics, { mapping: plan.mapping, files: plan.files, ...target })];
  return loaderFor(fresh.store.metrics).loadDelivery(
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

/** The first record of a list in any of the shapes the samples have. */
function firstRecord(text: string): Record<string, unknown> {
  const [line = ""] = text.split("\n");
  const parsed = JSON.parse(/^\{.*\}$/.test(line) ? line : text) as
    Record<string, unknown>[] | (Record<string, unknown> & { Findings?: Record<string, unknown>[] });
  const list = Array.isArray(parsed) ? parsed : (parsed.Findings ?? [parsed]);
  return list[0] ?? {};
}

const isJson = (text: string): boolean => /^\s*[[{]/.test(text);
const trailRecord = {
  eventVersion: "1.08",
  eventID: "e-1",
  eventTime: "2025-03-04T22:30:00Z",
  awsRegion: "eu-west-1",
  eventSource: "s3.amazonaws.com",
  eventName: "GetObject",
  recipientAccountId: "111111111111",
};
const WITH_TRAIL: typeof FILES = [...FILES, ["CloudTrail", `${JSON.stringify(trailRecord)}\n`]];

describe.each(WITH_TRAIL)("%s with a line of 1 GB", (name, text) => {
  it("is refused with file, line and limit, and read no further than that", async () => {
    const start = isJson(text) ? `${JSON.stringify(firstRecord(text))}\n{"Id":"` : text;
    const chunk = Buffer.alloc(1 << 20, "x");
    let read = 0;
    const file: InputFile = {
      name: "endless.txt",
      async *open() {
        yield Buffer.from(start);
        for (let i = 0; i < 1024; i++) {
          read++;
          yield await Promise.resolve(chunk);
        }
      },
    };
    const error = await expectHonest(file);
    const line = start.split("\n").length;
    expect(error).toMatchObject({ code: "import.record-too-large" });
    expect((error as DomainError).message).toMatch(
      new RegExp(`^endless\\.txt, line ${line}: .*(128 MB|16777216 bytes)`),
    );
    expect([name, read < 200]).toEqual([name, true]);
    expect(await versions()).toBe(before);
  });
});

describe.each(WITH_TRAIL.filter(([, text]) => isJson(text)))("%s", (_, text) => {
  it("is refused when it nests without end, with file and line", async () => {
    const record = JSON.stringify(firstRecord(text));
    for (const deep of ["[".repeat(500_000), '{"a":'.repeat(500_000)]) {
      const error = await expectHonest(memoryFile("deep.json", `${record}\n{"a":${deep}`, 1 << 16));
      expect(error).toMatchObject({ code: "import.too-deep" });
      expect((error as DomainError).message).toMatch(/^deep\.json, line 2: .*100 levels/);
    }
  });

  it("has numbers that are none refused or left out, a record at a time", async () => {
    const record = firstRecord(text);
    for (const bad of ["NaN", "Infinity", "1e400", "-1e400", "-1", "1e-400"]) {
      const broken = JSON.stringify({ ...record, time: "@", time_dt: undefined, count: "@" }).replaceAll(
        '"@"',
        bad,
      );
      const reports = await expectHonest(
        memoryFile("numbers.json", `${JSON.stringify(record)}\n${broken}\n`),
      );
      expect(reports).toBeInstanceOf(Array);
      const [first] = reports as LoadReport[];
      if (/NaN|Inf/.test(bad)) expect(first?.rejections).toMatchObject([{ line: 2, row: 2 }]);
    }
  });
});

describe("dates of findings and events that are none", () => {
  const asff = FILES.find(([name]) => name.startsWith("asff/"))?.[1];
  const ocsf = FILES.find(([name]) => name.endsWith(".ocsf.json"))?.[1];
  const cases: [string, Record<string, unknown> | undefined, string, readonly unknown[]][] = [
    [
      "asff",
      asff === undefined ? undefined : firstRecord(asff),
      "UpdatedAt",
      ["yesterday", "2025-13-01T00:00:00Z"],
    ],
    [
      "cloudtrail",
      trailRecord,
      "eventTime",
      ["0000-00-00T00:00:00Z", "99999-01-01T00:00:00Z", "2025-02-30T00:00:00Z"],
    ],
    ["ocsf", ocsf === undefined ? undefined : firstRecord(ocsf), "time", [1e300, "soon"]],
  ];
  it.each(cases.filter(([, record]) => record !== undefined))(
    "%s: are rejections with line and field",
    async (format, record, field, values) => {
      for (const value of values) {
        const bad = { ...record, [field]: value, ...(format === "ocsf" && { time_dt: undefined }) };
        const text = `${JSON.stringify(record)}\n${JSON.stringify(bad)}\n`;
        const [report] = (await expectHonest(memoryFile("dates.json", text))) as LoadReport[];
        expect(report?.rejections).toMatchObject([{ file: "dates.json", line: 2, row: 2, field }]);
      }
    },
  );

  it("Prowler: are rejections with line and field, and two columns of one name are refused", async () => {
    const prowler = FILES.find(([name]) => name.startsWith("prowler/") && name.endsWith(".csv"))?.[1];
    if (prowler === undefined) return;
    const [header = "", row = ""] = prowler.split("\n");
    const time = /\d{4}-\d{2}-\d{2} [\d:.]+/.exec(row)?.[0] ?? "";
    const bad = row.replace(time, "2025-02-30 00:00:00");
    const [report] = (await expectHonest(
      memoryFile("dates.csv", `${header}\n${row}\n${bad}\n`),
    )) as LoadReport[];
    expect(report?.rejections).toMatchObject([{ file: "dates.csv", line: 3, row: 2, field: "TIMESTAMP" }]);
    const twice = prowler.replace("AUTH_METHOD", "STATUS");
    expect(await expectHonest(memoryFile("twice.csv", twice))).toMatchObject({
      code: "import.duplicate-column",
    });
  });

  it("FOCUS: two columns of one name are refused", async () => {
    const twice = focusCsv([{}]).replace("SubAccountName", "billedcost");
    expect(await expectHonest(memoryFile("twice.csv", twice))).toMatchObject({
      code: "import.duplicate-column",
    });
  });
});
