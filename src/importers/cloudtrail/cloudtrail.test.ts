import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { samplePath } from "../../../test/samples.ts";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { readFacts } from "../../../test/support/opened-records.ts";
import { takeSample } from "../shared/sample.ts";
import { cloudtrailFormat } from "./cloudtrail.ts";

const EVENT = {
  eventVersion: "1.08",
  eventID: "e-1",
  eventTime: "2025-03-04T10:00:00Z",
  eventSource: "dynamodb.amazonaws.com",
  eventName: "PutItem",
  awsRegion: "eu-west-1",
  recipientAccountId: "012345678901",
};
const read = (value: unknown) => readFacts(cloudtrailFormat, [memoryFile("t.json", JSON.stringify(value))]);

describe("CloudTrail", () => {
  const path = samplePath("ocsf/cloudtrail_api_activity.raw.json");
  it.skipIf(path === undefined)("reads the published event", async () => {
    const facts = await readFacts(cloudtrailFormat, [memoryFile("raw.json", readFileSync(path!))]);
    expect(facts.facts.usage).toHaveLength(1);
    expect(facts.facts.usage?.[0]).toMatchObject({
      source: "cloudtrail:1111111111111",
      day: "2023-09-21",
      values: { metric: "api_calls", unit: "calls", quantity: "1", region_id: "us-east-1" },
    });
  });

  it.each([
    ["a log file", { Records: [EVENT, { ...EVENT, eventID: "e-2" }] }],
    [
      "an event history",
      { Events: [EVENT, { ...EVENT, eventID: "e-2" }].map((e) => ({ CloudTrailEvent: JSON.stringify(e) })) },
    ],
    ["EventBridge events", [{ detail: EVENT }, { detail: { ...EVENT, eventID: "e-2" } }]],
    ["a list", [EVENT, { ...EVENT, eventID: "e-2" }]],
  ])("reads %s", async (_, value) => {
    const facts = await read(value);
    expect(
      facts.facts.usage?.map((f) => [f.values.service_name, f.values.quantity, f.values.sub_account_id]),
    ).toEqual([["DynamoDB", "2", "012345678901"]]);
    const sample = await takeSample(memoryFile("t", JSON.stringify(value)));
    expect(cloudtrailFormat.detect(sample)).toBe("1.08");
  });

  it("counts events without an id each for itself", async () => {
    const facts = await read([
      { ...EVENT, eventID: undefined },
      { ...EVENT, eventID: undefined },
    ]);
    expect(facts.facts.usage?.[0]?.values.quantity).toBe("2");
  });

  it.each([
    [{ eventSource: undefined }, "eventSource"],
    [{ recipientAccountId: undefined }, "recipientAccountId"],
    [{ eventTime: undefined }, "eventTime"],
    [{ eventTime: "2025-03-04" }, "eventTime"],
  ])("refuses %j", async (fields, field) => {
    const facts = await read([EVENT, { ...EVENT, ...fields }]);
    expect(facts.end.rejections.kept[0]).toMatchObject({ row: 2, field });
  });

  it("takes an empty log file", async () => {
    expect((await read({ Records: [] })).facts).toEqual({ usage: [] });
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        cloudtrailFormat.normalize(value);
        cloudtrailFormat.normalize({
          ...EVENT,
          detail: value,
          userIdentity: value,
          CloudTrailEvent: JSON.stringify(value),
        });
      }),
    );
  });
});
