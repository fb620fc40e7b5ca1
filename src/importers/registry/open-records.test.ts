import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { column, readFacts } from "../../../test/support/opened-records.ts";
import { asffFormat } from "../asff/asff.ts";
import { cloudtrailFormat } from "../cloudtrail/cloudtrail.ts";
import { openRecords } from "../shared/open-records.ts";

const finding = (id: string, fields: Record<string, unknown> = {}) => ({
  SchemaVersion: "2018-10-08",
  Id: id,
  ProductArn: "arn:aws:securityhub:eu-west-1::product/aws/guardduty",
  AwsAccountId: "111111111111",
  UpdatedAt: "2025-03-04T10:00:00Z",
  CreatedAt: "2025-03-01T10:00:00Z",
  ...fields,
});
const file = (name: string, ...findings: unknown[]) =>
  memoryFile(name, JSON.stringify({ Findings: findings }));
const call = (eventID: string, fields: Record<string, unknown> = {}) => ({
  eventID,
  eventSource: "s3.amazonaws.com",
  eventName: "GetObject",
  awsRegion: "eu-west-1",
  recipientAccountId: "111111111111",
  eventTime: "2025-03-04T22:30:00Z",
  ...fields,
});
const trail = (...events: unknown[]) => memoryFile("trail.json", JSON.stringify({ Records: events }));
const claims = [{ account: "111111111111", tenant: "acme" }];
const owners = { kind: "accounts", claims, seen: 0 } as const;

describe("the snapshot a file is", () => {
  it("is of the day of its newest observation", async () => {
    const read = await readFacts(asffFormat, [
      file("a.json", finding("1"), finding("2", { UpdatedAt: "2025-03-06T23:30:00Z" })),
    ]);
    expect(read.facts.findings?.map((fact) => [fact.day, fact.period])).toEqual([
      ["2025-03-06", "2025-03-06"],
      ["2025-03-06", "2025-03-06"],
    ]);
  });

  it("is of that day in the tenant's zone, or of the day that is given", async () => {
    const late = file("a.json", finding("1", { UpdatedAt: "2025-03-06T23:30:00Z" }));
    const zones = { acme: "Europe/Berlin" };
    const local = await readFacts(asffFormat, [late], { owners, zones });
    expect(local.facts.findings?.[0]).toMatchObject({
      tenant: "acme",
      day: "2025-03-07",
      period: "2025-03-07",
    });
    const given = await readFacts(asffFormat, [late], { owners, zones, snapshot: "2025-03-01" });
    expect(given.facts.findings?.[0]?.day).toBe("2025-03-01");
    for (const snapshot of ["1999-12-31", "9999-12-31", "2026-01-03"])
      await expect(readFacts(asffFormat, [late], { owners, zones, snapshot })).rejects.toMatchObject({
        code: "date.out-of-reach",
        field: "snapshot",
      });
  });

  it("is one a file, but files that are parts of one list are one snapshot", async () => {
    const newer = finding("2", { UpdatedAt: "2025-03-09T00:00:00Z" });
    const days = async (...names: [string, string]) => {
      const read = await readFacts(asffFormat, [file(names[0], finding("1")), file(names[1], newer)]);
      return read.facts.findings?.map((fact) => fact.day);
    };
    expect(await days("monday.json", "sunday.json")).toEqual(["2025-03-04", "2025-03-09"]);
    expect(await days("scan-2025-03-04.json", "scan-2025-03-09.json")).toEqual(["2025-03-04", "2025-03-09"]);
    expect(await days("scan-20250304093000.json", "scan-20250309093000.json")).toEqual([
      "2025-03-04",
      "2025-03-09",
    ]);
    expect(await days("findings-1.json", "findings-2.json")).toEqual(["2025-03-09", "2025-03-09"]);
    expect(await days("out/findings.part-0001.json.gz", "out/findings.part-0002.json.gz")).toEqual([
      "2025-03-09",
      "2025-03-09",
    ]);
  });

  it("covers every product in every account it names, so that what is gone is not left standing", async () => {
    const read = await readFacts(asffFormat, [
      file(
        "a.json",
        finding("1"),
        finding("2", {
          AwsAccountId: "222222222222",
          ProductArn: "arn:aws:securityhub:eu-west-1::product/aws/inspector",
        }),
      ),
    ]);
    const partitionsOf = (dataset: string) =>
      read.end.partitions.filter((p) => p.dataset === dataset).map((p) => `${p.source} ${p.period}`);
    expect(partitionsOf("findings").map((name) => name.replace(" 2025-03-04", ""))).toEqual([
      "asff:aws/guardduty:111111111111",
      "asff:aws/inspector:111111111111",
      "asff:aws/guardduty:222222222222",
      "asff:aws/inspector:222222222222",
    ]);
    expect(partitionsOf("controls")).toEqual(partitionsOf("findings"));
  });
});

describe("whom facts belong to", () => {
  it("follows the account, and unclaimed ones stay visible", async () => {
    const read = await readFacts(
      asffFormat,
      [file("a.json", finding("1"), finding("2", { AwsAccountId: "0222" }))],
      {
        owners,
      },
    );
    expect(read.facts.findings?.map((fact) => fact.tenant)).toEqual(["acme", "unassigned"]);
    expect(column(read, "findings", "sub_account_id")).toEqual(["111111111111", "0222"]);
  });

  it("is one tenant when one is named", async () => {
    const read = await readFacts(asffFormat, [file("a.json", finding("1"))], {
      owners: { kind: "tenant", tenant: "other" },
    });
    expect(read.facts.findings?.[0]?.tenant).toBe("other");
  });
});

describe("records that are refused", () => {
  it("are counted once, with file, line, record, field and reason", async () => {
    const text = `${JSON.stringify(finding("1"))}\n${JSON.stringify(finding("2", { AwsAccountId: "" }))}\n{"Id": NaN}\n`;
    const read = await readFacts(asffFormat, [memoryFile("a.jsonl", text)]);
    const { rejections } = read.end;
    expect(read.opened.counts).toMatchObject({ read: 3, rejected: 2 });
    expect(rejections.kept[0]).toEqual({
      file: "a.jsonl",
      line: 2,
      row: 2,
      field: "AwsAccountId",
      reason: "has no AwsAccountId",
    });
    expect(rejections.kept[1]).toMatchObject({ line: 3, row: 3, field: null });
    expect(rejections.count).toBe(2);
    expect(read.facts.findings).toHaveLength(1);
  });

  it("include those from the future, which would move the whole snapshot there", async () => {
    const read = await readFacts(asffFormat, [
      file("a.json", finding("1"), finding("2", { UpdatedAt: "2099-01-01T00:00:00Z" })),
    ]);
    expect(read.facts.findings?.map((fact) => fact.day)).toEqual(["2025-03-04"]);
    expect(read.end.rejections.kept[0]?.reason).toContain("in the future");
  });

  it("include those from before there was a cloud, whose clock was never set", async () => {
    const read = await readFacts(asffFormat, [
      file("a.json", finding("1"), finding("2", { UpdatedAt: "1970-01-01T00:00:00Z" })),
    ]);
    expect(read.facts.findings?.map((fact) => fact.day)).toEqual(["2025-03-04"]);
    expect(read.end.rejections.kept).toMatchObject([
      { field: "UpdatedAt", reason: 'UpdatedAt "1970-01-01T00:00:00Z" is not in the year 2000 or later' },
    ]);
    const calls = trail(
      call("1"),
      call("2", { eventTime: "0001-01-01T00:00:00Z" }),
      call("3", { eventTime: "9999-12-31T23:59:59Z" }),
    );
    const { facts, end } = await readFacts(cloudtrailFormat, [calls]);
    expect(facts.usage?.map(({ day }) => day)).toEqual(["2025-03-04"]);
    expect(end.rejections.kept.map(({ field }) => field)).toEqual(["eventTime", null]);
  });

  it("are too many when they are all: the file is not what it was taken for", async () => {
    const reading = readFacts(asffFormat, [trail(call("1"), call("2"))]);
    await expect(reading).rejects.toMatchObject({
      code: "import.nothing-accepted",
      message: expect.stringMatching(
        /^trail\.json: no record is a usable Security Hub finding.*line 1: has no Id/,
      ) as string,
    });
  });

  it("are listed up to a bound and counted beyond it", async () => {
    const bad = Array.from({ length: 500 }, (_, i) => finding(String(i), { UpdatedAt: "yesterday" }));
    const read = await readFacts(asffFormat, [file("a.json", finding("ok"), ...bad)]);
    expect(read.end.rejections.count).toBe(500);
    expect(read.end.rejections.kept).toHaveLength(100);
  });
});

describe("files", () => {
  it("may be compressed, whatever they are called", async () => {
    const bytes = gzipSync(JSON.stringify([finding("1")]));
    const read = await readFacts(asffFormat, [memoryFile("a.json", Buffer.concat([bytes, gzipSync("\n")]))]);
    expect(read.facts.findings).toHaveLength(1);
  });

  it("that are cut off are refused by name", async () => {
    const bytes = gzipSync(JSON.stringify([finding("1"), finding("2")]));
    const cut = memoryFile("cut.json.gz", bytes.subarray(0, bytes.length - 30));
    await expect(readFacts(asffFormat, [cut])).rejects.toMatchObject({
      code: expect.stringMatching(/^import\./) as string,
      message: expect.stringContaining("cut.json.gz") as string,
    });
  });

  it("without records load nothing and fail nothing", async () => {
    for (const content of ["[]", "", '{"Findings": []}']) {
      const read = await readFacts(asffFormat, [memoryFile("empty.json", content)]);
      expect(read.facts).toEqual({ findings: [], controls: [] });
      expect(read.opened.counts.read).toBe(0);
    }
  });

  it("are read once, when the facts are pulled", async () => {
    let opened = 0;
    const content = file("a.json", finding("1"), finding("2"));
    const counted = {
      ...content,
      open: () => {
        opened++;
        return content.open();
      },
    };
    const { delivery, counts } = openRecords(asffFormat, {
      files: [counted],
      owners,
      zones: {},
      loadedAt: "2026-01-01T00:00:00Z",
      dryRun: true,
    });
    expect([opened, counts.read]).toEqual([0, 0]);
    for await (const batch of delivery.facts) expect(batch.length).toBeGreaterThan(0);
    // Once to see how it is packed, by its first bytes.
    expect([opened, counts.read]).toEqual([2, 2]);
    expect(delivery).toMatchObject({ dryRun: true, format: "asff", files: ["a.json"] });
    expect(delivery.end().datasets).toEqual(["findings", "controls"]);
  });

  it("stop being read when the import is aborted", async () => {
    const controller = new AbortController();
    controller.abort(new Error("stopped"));
    await expect(
      readFacts(asffFormat, [file("a.json", finding("1"))], { signal: controller.signal }),
    ).rejects.toThrow("stopped");
  });
});

describe("API calls", () => {
  it("are counted by account, region, service and day in the tenant's zone, each once", async () => {
    const read = await readFacts(
      cloudtrailFormat,
      [
        trail(call("a"), call("b"), call("a"), call("c", { eventSource: "lambda.amazonaws.com" })),
        trail(
          call("b"),
          call("d", { awsRegion: "us-east-1" }),
          call("e", { eventTime: "2025-03-04T23:30:00Z" }),
        ),
      ],
      { owners, zones: { acme: "Europe/Berlin" } },
    );
    const rows = read.facts.usage?.map((f) => [
      f.day,
      f.values.service_name,
      f.values.region_id,
      f.values.quantity,
    ]);
    expect(rows?.sort()).toEqual([
      ["2025-03-04", "Lambda", "eu-west-1", "1"],
      ["2025-03-04", "S3", "eu-west-1", "2"],
      ["2025-03-04", "S3", "us-east-1", "1"],
      ["2025-03-05", "S3", "eu-west-1", "1"],
    ]);
    expect(read.opened.counts.read).toBe(7);
    expect(new Set(read.facts.usage?.map((f) => f.period))).toEqual(new Set(["2025-03-04", "2025-03-05"]));
  });
});
