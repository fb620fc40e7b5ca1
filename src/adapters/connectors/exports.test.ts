import { describe, expect, it } from "vitest";
import { manifestObject, newestByPeriod, parseManifest } from "./exports.ts";

const object = (key: string, modified = 0) => ({ key, etag: '"e"', size: 1, modified });

describe("manifests", () => {
  it.each([
    ["p/focus/metadata/BILLING_PERIOD=2024-09/focus-Manifest.json", "p/focus/", "2024-09", false],
    ["p/focus/metadata/billing_period=2024-09/focus-Manifest.json", "p/focus/", "2024-09", false],
    ["f/metadata/BILLING_PERIOD=2024-09/2024-09-30T01:02:03Z-ab/f-Manifest.json", "f/", "2024-09", true],
    ["metadata/BILLING_PERIOD=2024-09/f-Manifest.json", "", "2024-09", false],
    ["p/cur/20240901-20241001/cur-Manifest.json", "p/cur/", "2024-09", false],
    ["p/cur/20240901-20241001/1234-ab/cur-Manifest.json", "p/cur/", "2024-09", true],
  ])("are found at %s", (key, root, period, ofOneDelivery) => {
    expect(manifestObject(object(key))).toMatchObject({ root, period, ofOneDelivery });
  });

  it.each([
    "p/focus/data/BILLING_PERIOD=2024-09/focus-00001.csv.gz",
    "p/focus/metadata/BILLING_PERIOD=2024-09/focus-Metadata.json",
    "p/cur/20240901-20241001/cur-RedshiftManifest.json.bak",
    "p/Manifest.json",
  ])("are not %s", (key) => {
    expect(manifestObject(object(key))).toBeUndefined();
  });

  it("of the newest delivery count, newest period first", () => {
    const manifests = [
      ["e/metadata/BILLING_PERIOD=2024-08/a/e-Manifest.json", 5],
      ["e/metadata/BILLING_PERIOD=2024-08/b/e-Manifest.json", 9],
      ["e/metadata/BILLING_PERIOD=2024-09/a/e-Manifest.json", 7],
      ["e/metadata/BILLING_PERIOD=2024-07/e-Manifest.json", 1],
      ["e/metadata/BILLING_PERIOD=2024-07/a/e-Manifest.json", 2],
    ].map(([key, modified]) => manifestObject(object(String(key), Number(modified)))!);
    expect(newestByPeriod(manifests).map(({ key }) => key)).toEqual([
      "e/metadata/BILLING_PERIOD=2024-09/a/e-Manifest.json",
      "e/metadata/BILLING_PERIOD=2024-08/b/e-Manifest.json",
      "e/metadata/BILLING_PERIOD=2024-07/e-Manifest.json",
    ]);
  });

  it("name their files, their delivery and who pays", () => {
    const legacy = { assemblyId: "a", account: "012345678901", reportKeys: ["x/1.csv.gz"] };
    expect(parseManifest(JSON.stringify(legacy), "k", "b")).toEqual({
      files: ["x/1.csv.gz"],
      id: "a",
      payer: "012345678901",
    });
    const data = {
      executionId: "e",
      dataFiles: ["s3://b/x/1.parquet", "x/2.parquet"],
      exportArn: "arn:aws:bcm-data-exports:us-east-1:111122223333:export/f-1",
    };
    expect(parseManifest(`\ufeff${JSON.stringify(data)}`, "k", "b")).toEqual({
      files: ["x/1.parquet", "x/2.parquet"],
      id: "e",
      payer: "111122223333",
    });
  });
});
