import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { importFiles } from "../../src/app/imports/import-files.ts";
import { addTenant, type ChangedTenant, updateTenant } from "../../src/app/tenants/tenants.ts";
import { jobKey } from "../../src/core/jobs/key.ts";
import { getJob } from "../../src/app/jobs/jobs.ts";
import type { InputFile } from "../../src/ports/load.ts";
import { ask } from "../conformance/lib/facts.ts";
import { type TestTenant, testTenant } from "../support/tenant-context.ts";

const DAY = { from: "2024-09-17", to: "2024-09-18" };

/** One finding of account 555555555555, as Security Hub exports it. */
const FINDING = {
  SchemaVersion: "2018-10-08",
  Id: "finding-1",
  ProductArn: "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
  ProductName: "Security Hub",
  GeneratorId: "security-control/S3.8",
  AwsAccountId: "555555555555",
  Region: "eu-west-1",
  Types: ["Software and Configuration Checks"],
  CreatedAt: "2024-09-01T08:00:00Z",
  UpdatedAt: "2024-09-17T08:00:00Z",
  Severity: { Label: "HIGH" },
  Title: "S3.8 block public access",
  Description: "Buckets should block public access",
  Resources: [{ Type: "AwsS3Bucket", Id: "arn:aws:s3:::bucket-a", Partition: "aws", Region: "eu-west-1" }],
  Workflow: { Status: "NEW" },
  RecordState: "ACTIVE",
  Compliance: {
    Status: "FAILED",
    SecurityControlId: "S3.8",
    AssociatedStandards: [{ StandardsId: "standards/aws-foundational-security-best-practices/v/1.0.0" }],
  },
};

describe("findings of an account that a tenant claims", () => {
  let on: TestTenant;
  beforeEach(async () => {
    on = await testTenant({}, () => new Date());
  });
  afterEach(() => on.close());

  const file: InputFile = {
    name: "findings.json",
    // eslint-disable-next-line @typescript-eslint/require-await -- the port takes a stream, and this is here already
    async *open() {
      yield new TextEncoder().encode(JSON.stringify({ Findings: [FINDING] }));
    },
  };
  const load = (tenant?: string) =>
    importFiles(on.context.services, [file], tenant === undefined ? {} : { tenant });
  /** Findings and controls of each tenant. */
  const counts = async (...tenants: string[]): Promise<number[][]> =>
    Promise.all(
      tenants.map(async (tenant) =>
        Promise.all(
          (["findings", "controls"] as const).map(
            async (dataset) =>
              (await ask(on.context.services.metrics, { dataset, range: DAY }, tenant)).facts,
          ),
        ),
      ),
    );
  async function done({ claim }: ChangedTenant): Promise<unknown> {
    const { services } = on.context;
    await services.jobs.ended(claim === undefined ? "" : jobKey(claim));
    return (await getJob(services, null, claim?.id ?? "")).result;
  }

  it("come from nobody, and not from a tenant that they were loaded for by name", async () => {
    await load("acme");
    await load();
    const beta = { id: "beta", name: "Beta", accounts: ["555555555555"] };
    expect(await done(await addTenant(on.context.services, beta))).toEqual({
      ...{ moved: 2, superseded: 0, kept: 0 },
    });
    expect(await counts("acme", "beta", "unassigned")).toEqual([
      [1, 1],
      [1, 1],
      [0, 0],
    ]);
    // Nor are they given away with the account.
    await done(await updateTenant(on.context.services, "beta", { accounts: [] }));
    await done(await updateTenant(on.context.services, "acme", { accounts: ["555555555555"] }));
    await done(await updateTenant(on.context.services, "acme", { accounts: [] }));
    expect(await counts("acme", "beta", "unassigned")).toEqual([
      [1, 1],
      [0, 0],
      [1, 1],
    ]);
  });

  it("are not counted twice with a tenant that has them by name", async () => {
    await load("acme");
    await load();
    const claimed = await updateTenant(on.context.services, "acme", { accounts: ["555555555555"] });
    expect(await done(claimed)).toEqual({ moved: 0, superseded: 0, kept: 2 });
    expect(await counts("acme", "unassigned")).toEqual([
      [1, 1],
      [1, 1],
    ]);
    // An import by accounts replaces what it was given by name; the copy that is nobody's is the older one then.
    await load();
    const again = await updateTenant(on.context.services, "acme", { accounts: ["555555555555"] });
    expect(await done(again)).toEqual({ moved: 0, superseded: 2, kept: 0 });
    expect(await counts("acme", "unassigned")).toEqual([
      [1, 1],
      [0, 0],
    ]);
  });
});
