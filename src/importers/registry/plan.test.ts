import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { samplePath } from "../../../test/samples.ts";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { ALL_FORMATS, planFiles } from "./plan.ts";

const finding = '{"SchemaVersion":"2018-10-08","Id":"1"}';
const event =
  '{"Records":[{"eventVersion":"1.08","eventSource":"s3.amazonaws.com","eventName":"GetObject"}]}';
const asff = memoryFile("a.json", finding);
const trail = memoryFile("t.json", event);
const other = memoryFile("o.json", '{"hello":"world"}');
const nothing = memoryFile("n.json", "[]");

describe("what the files of a command hold", () => {
  it.each([
    ["asff/asff_sample.json", "asff"],
    ["asff/prowler-sample.asff.jsonl", "asff"],
    ["asff/trivy_sample.json", "asff"],
    ["ocsf/cloudtrail_api_activity.ocsf.json", "ocsf"],
    ["ocsf/cloudtrail_api_activity.raw.json", "cloudtrail"],
    ["prowler/example_output_aws.csv", "prowler"],
    ["prowler/example_output_aws.ocsf.json", "ocsf"],
  ])("%s is %s, compressed or not, under any name", async (name, id) => {
    const path = samplePath(name);
    if (path === undefined) return;
    const bytes = readFileSync(path);
    for (const file of [memoryFile("x", bytes), memoryFile("x", gzipSync(bytes))]) {
      expect(await planFiles([file])).toMatchObject({ kind: "records", format: { id }, empty: [] });
      expect(await planFiles([file], id)).toMatchObject({ kind: "records", format: { id } });
    }
  });

  it("is a table where it is one", async () => {
    const path = samplePath("focus/focus_sample.csv");
    if (path === undefined) return;
    const file = memoryFile("focus.csv", readFileSync(path));
    expect(await planFiles([file])).toMatchObject({ kind: "tables", mapping: { dataset: "cost" } });
    expect(await planFiles([file], "focus")).toMatchObject({ kind: "tables" });
    await expect(planFiles([file], "asff")).rejects.toMatchObject({ code: "import.unknown-format" });
  });

  it("leaves empty files out and says so", async () => {
    expect(await planFiles([nothing, asff])).toMatchObject({
      kind: "records",
      files: [asff],
      empty: ["n.json"],
    });
    expect(await planFiles([nothing])).toEqual({ kind: "empty", empty: ["n.json"], remarks: [] });
    expect(await planFiles([nothing], "asff")).toEqual({ kind: "empty", empty: ["n.json"], remarks: [] });
  });

  it("is one format at a time", async () => {
    await expect(planFiles([asff, trail])).rejects.toMatchObject({
      code: "import.mixed-formats",
      message: expect.stringContaining(
        "t.json holds AWS CloudTrail events, a.json holds AWS Security Hub",
      ) as string,
    });
    await expect(planFiles([asff, other])).rejects.toMatchObject({ code: "import.mixed-formats" });
  });

  it("says what a file looks like instead", async () => {
    await expect(planFiles([trail], "asff")).rejects.toMatchObject({
      code: "import.unknown-format",
      message: expect.stringContaining("it looks like CloudTrail records") as string,
    });
    await expect(planFiles([other])).rejects.toMatchObject({
      code: "import.unknown-format",
      fix: expect.stringMatching(/FOCUS.*Security Hub.*OCSF.*CloudTrail.*Prowler/) as string,
    });
  });

  it("knows its formats by name", async () => {
    expect(ALL_FORMATS).toEqual(
      expect.arrayContaining(["auto", "focus", "asff", "ocsf", "cloudtrail", "prowler"]),
    );
    await expect(planFiles([asff], "assf")).rejects.toMatchObject({
      code: "import.invalid-format",
      fix: expect.stringContaining('Did you mean "asff"?') as string,
    });
  });
});
