import { readFileSync } from "node:fs";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { samplePath } from "../../../test/samples.ts";
import { memoryFile } from "../../../test/support/memory-file.ts";
import { column, readFacts } from "../../../test/support/opened-records.ts";
import { takeSample } from "../shared/sample.ts";
import { ocsfFormat } from "./ocsf.ts";

const BASE = {
  class_uid: 2004,
  metadata: { version: "1.4.0", product: { name: "Scanner", uid: "scanner" }, event_code: "check_a" },
  finding_info: { uid: "f-1", title: "Something is open" },
  cloud: { account: { uid: "111111111111" }, region: "eu-west-1" },
  severity_id: 4,
  time: 1_741_082_400_000,
};
const NOW = "2025-03-04T10:00:00.000Z";

async function one(fields: Record<string, unknown>) {
  const read = await readFacts(ocsfFormat, [memoryFile("f.json", JSON.stringify([{ ...BASE, ...fields }]))]);
  return {
    finding: read.facts.findings?.[0]?.values,
    controls: read.facts.controls?.map((fact) => fact.values) ?? [],
  };
}

async function refusal(fields: Record<string, unknown>) {
  const good = JSON.stringify(BASE);
  const read = await readFacts(ocsfFormat, [
    memoryFile("f.jsonl", `${good}\n${JSON.stringify({ ...BASE, ...fields })}`),
  ]);
  return read.end.rejections.kept[0];
}

describe("published samples", () => {
  const prowler = samplePath("prowler/example_output_aws.ocsf.json");
  it.skipIf(prowler === undefined)("Prowler: 5 detection findings that are compliance checks", async () => {
    const read = await readFacts(ocsfFormat, [memoryFile("p.json", readFileSync(prowler!))]);
    expect(read.opened.counts).toMatchObject({ read: 5, rejected: 0 });
    expect(column(read, "findings", "status")).toEqual([
      "open",
      "not_available",
      "open",
      "not_available",
      "not_available",
    ]);
    expect(column(read, "findings", "severity")[0]).toBe("low");
    expect(read.facts.findings?.[0]).toMatchObject({
      day: "2025-02-14",
      source: "ocsf:prowler:<account_uid>",
    });
    const cis = read.facts.controls
      ?.filter((fact) => fact.values.framework === "CIS AWS 1.4")
      .map((f) => f.values);
    expect(cis?.map((c) => [c.control_id, c.control_status])).toContainEqual(["1.20", "failed"]);
    expect(cis?.map((c) => [c.control_id, c.control_status])).toContainEqual(["1.1", "not_available"]);
  });

  const activity = samplePath("ocsf/cloudtrail_api_activity.ocsf.json");
  it.skipIf(activity === undefined)("API activity: one call, trailing comma and all", async () => {
    const read = await readFacts(ocsfFormat, [memoryFile("a.json", readFileSync(activity!))]);
    expect(Object.keys(read.facts)).toEqual(["usage"]);
    expect(read.facts.usage?.[0]).toMatchObject({
      day: "2023-09-21",
      values: { metric: "api_calls", service_name: "directconnect", region_id: "us-east-1", quantity: "1" },
    });
  });
});

describe("findings of all classes and versions", () => {
  it("reads a Security Finding of version 1.0", async () => {
    const { finding } = await one({
      class_uid: 2001,
      metadata: { version: "1.0.0", product: { vendor_name: "Old" } },
      finding_info: undefined,
      finding: {
        uid: "old-1",
        title: "Old style",
        first_seen_time: 1_740_000_000_000,
        remediation: { desc: "Mend it" },
      },
      cloud: { account_uid: "222222222222" },
      state_id: 4,
      status_id: 1,
    });
    expect(finding).toMatchObject({
      finding_id: "old-1",
      status: "resolved",
      sub_account_id: "222222222222",
      source_product: "Old",
      remediation: "Mend it",
      first_observed_at: "2025-02-19T21:20:00.000Z",
      last_observed_at: NOW,
    });
  });

  it("reads a Vulnerability Finding", async () => {
    const { finding, controls } = await one({
      class_uid: 2002,
      metadata: { version: "1.1.0", product: { name: "Inspector" } },
      vulnerabilities: [{ cve: { uid: "CVE-2025-1" }, remediation: { desc: "Patch" } }],
      resources: [{ type: "AwsEc2Instance", uid: "i-1", tags: [{ name: "team", value: "a" }] }],
    });
    expect(finding).toMatchObject({
      check_id: "CVE-2025-1",
      remediation: "Patch",
      service_name: "EC2",
      tags: '{"team":"a"}',
    });
    expect(controls).toEqual([]);
  });

  it("reads a Compliance Finding with its requirements", async () => {
    const { finding, controls } = await one({
      class_uid: 2003,
      metadata: { version: "1.3.0", product: { name: "Hub" } },
      resource: { type: "AwsS3Bucket", uid: "b" },
      compliance: {
        control: "S3.8",
        status_id: 3,
        requirements: ["PCI DSS v3.2.1/1.2.1"],
        standards: ["NIST-800-53-Revision-5"],
      },
    });
    expect(finding).toMatchObject({ check_id: "S3.8", status: "open", service_name: "S3", resource_id: "b" });
    expect(controls.map((c) => [c.framework, c.control_id, c.control_status])).toEqual([
      ["PCI DSS 3.2.1", "1.2.1", "failed"],
      ["NIST 800-53 r5", "S3.8", "failed"],
    ]);
  });

  it("places a bare requirement under the only standard there is", async () => {
    const { controls } = await one({
      class_uid: 2003,
      compliance: { status: "Pass", requirements: ["1.20"], standards: ["CIS-1.4"] },
    });
    expect(controls.map((c) => [c.framework, c.control_id, c.control_status])).toEqual([
      ["CIS AWS 1.4", "1.20", "passed"],
    ]);
  });

  it.each([
    [{ status_id: 3 }, "suppressed"],
    [{ status: "Suppressed" }, "suppressed"],
    [{ status_id: 4 }, "resolved"],
    [{ status_id: 5 }, "resolved"],
    [{ activity_id: 3 }, "resolved"],
    [{ status_id: 2, status_code: "FAIL" }, "open"],
    [{ status_code: "PASS" }, "passed"],
    [{ status_code: "MANUAL" }, "not_available"],
    [{ status_code: "200" }, "open"],
  ])("%j is %s", async (fields, status) => {
    expect((await one(fields)).finding?.status).toBe(status);
  });

  it("takes times in seconds, in milliseconds and as text", async () => {
    for (const time of [
      { time: 1_741_082_400 },
      { time: 1_741_082_400_000 },
      { time: 0, time_dt: "2025-03-04T10:00:00" },
    ]) {
      expect((await one(time)).finding?.last_observed_at).toBe(NOW);
    }
  });
});

describe("events that are refused", () => {
  it.each([
    [{ class_uid: 3002, class_name: "Authentication" }, "class_uid", "3002 (Authentication)"],
    [{ class_uid: undefined }, "class_uid", "has no class_uid"],
    [{ finding_info: {} }, "finding_info.uid", "has no"],
    [{ cloud: {} }, "cloud.account.uid", "has no"],
    [{ time: "soon" }, "time", "invalid time"],
    [{ time: 1e300 }, "time", "invalid time"],
    [{ time: undefined }, "time", "has no time"],
    [{ metadata: { version: "2.0.0" } }, "metadata.version", "OCSF 2.0.0"],
  ])("%j", async (fields, field, reason) => {
    const kept = await refusal(fields);
    expect(kept).toMatchObject({ file: "f.jsonl", line: 2, field });
    expect(kept?.reason).toContain(reason);
  });

  it("mixes findings and calls as they come", async () => {
    const call = { ...BASE, class_uid: 6003, api: { service: { name: "s3.amazonaws.com" } } };
    const read = await readFacts(ocsfFormat, [
      memoryFile("m.jsonl", `${JSON.stringify(BASE)}\n${JSON.stringify(call)}`),
    ]);
    expect(Object.entries(read.facts).map(([dataset, facts]) => [dataset, facts.length])).toEqual([
      ["findings", 1],
      ["controls", 0],
      ["usage", 1],
    ]);
  });

  it("never throws", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.constantFrom(2001, 2002, 2003, 2004, 6003), (value, code) => {
        const odd = typeof value === "object" && value !== null && !Array.isArray(value) ? value : { value };
        for (const record of [
          value,
          { ...BASE, ...odd, class_uid: code },
          { ...BASE, resources: value, compliance: value, unmapped: { compliance: value } },
        ]) {
          for (const item of ocsfFormat.normalize(record))
            if (item.kind === "finding") expect(Object.values(item.facts())).not.toContain(undefined);
        }
      }),
    );
  });
});

describe("detection", () => {
  it("tells the version", async () => {
    const detect = async (text: string) => ocsfFormat.detect(await takeSample(memoryFile("x", text)));
    expect(await detect(JSON.stringify([BASE]))).toBe("1.4.0");
    expect(await detect(JSON.stringify(BASE))).toBe("1.4.0");
    expect(await detect('{"Records":[]}')).toBeUndefined();
  });
});
