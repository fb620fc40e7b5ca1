import { gzipSync } from "node:zlib";
import { NASTY } from "../support/nasty.ts";
import type { Chance } from "../support/random.ts";
import { focusCsv } from "../runtimes/seed.ts";

/** A small file of each kind that is read, and of some that are not. */
function samples(account: string): readonly Buffer[] {
  const charges = Array.from({ length: 40 }, (_, i) => ({
    account,
    service: `Service ${i % 5}`,
    day: (i % 28) + 1,
    billed: `${i}.${i}5`,
    month: "2024-08",
  }));
  const asff = {
    SchemaVersion: "2018-10-08",
    Id: "finding-1",
    ProductArn: "arn:aws:securityhub:eu-west-1::product/aws/securityhub",
    GeneratorId: "security-control/S3.8",
    AwsAccountId: account,
    CreatedAt: "2024-08-01T10:00:00Z",
    UpdatedAt: "2024-08-04T10:00:00Z",
    Title: "S3 buckets should block public access",
    Severity: { Label: "HIGH" },
    Compliance: { Status: "FAILED", SecurityControlId: "S3.8" },
    Resources: [{ Type: "AwsS3Bucket", Id: "arn:aws:s3:::bucket", Region: "eu-west-1" }],
  };
  const ocsf = {
    class_uid: 2003,
    class_name: "Compliance Finding",
    category_uid: 2,
    severity_id: 4,
    status_id: 1,
    time: 1_722_500_000_000,
    activity_id: 1,
    type_uid: 200301,
    metadata: { version: "1.4.0", product: { name: "Prowler", vendor_name: "Prowler" } },
    finding_info: { uid: "finding-2", title: "A check", created_time: 1_722_500_000 },
    cloud: { account: { uid: account }, provider: "aws", region: "eu-west-1" },
    compliance: { standards: ["CIS-1.4"], requirements: ["2.1.5"], status: "Fail" },
    resources: [{ uid: "arn:aws:s3:::bucket", type: "AwsS3Bucket" }],
  };
  const prowler = [
    "TIMESTAMP;ACCOUNT_UID;FINDING_UID;PROVIDER;CHECK_ID;CHECK_TITLE;STATUS;MUTED;SERVICE_NAME;SEVERITY;RESOURCE_UID;REGION;COMPLIANCE",
    `2024-08-04 10:00:00.123456;${account};f-1;aws;s3_public;Bucket is private;FAIL;False;s3;critical;arn:aws:s3:::b;eu-west-1;CIS-1.4: 2.1.5`,
  ].join("\n");
  const trail = {
    Records: [
      {
        eventVersion: "1.08",
        eventTime: "2024-08-04T10:00:00Z",
        eventSource: "s3.amazonaws.com",
        eventName: "GetObject",
        awsRegion: "eu-west-1",
        eventID: "e-1",
        recipientAccountId: account,
        userIdentity: { type: "IAMUser", accountId: account },
      },
    ],
  };
  return [
    focusCsv(charges),
    JSON.stringify({ Findings: [asff, { ...asff, Id: "finding-3" }] }),
    JSON.stringify([ocsf]),
    prowler,
    JSON.stringify(trail),
    "PAR1 and nothing that belongs to it",
    "a,b,c\n1,2,3\n",
  ].map((text) => Buffer.from(text));
}

const TEXTS = [
  ...NASTY.slice(0, -1),
  "9".repeat(400),
  "1e999",
  "-0",
  "NaN",
  "2024-02-30",
  "0000-00-00T99:99:99Z",
];

/** A file that some program might have written wrongly, or somebody on purpose. */
export function strangeFile(chance: Chance, account: string): Buffer {
  let file = chance.pick(samples(account));
  for (let i = chance.below(4); i > 0; i--) file = changed(chance, file);
  if (chance.of(0.15)) file = gzipSync(file);
  if (chance.of(0.05)) file = file.subarray(0, chance.below(file.length + 1));
  return file;
}

function changed(chance: Chance, file: Buffer): Buffer {
  const at = chance.below(file.length + 1);
  const to = Math.min(file.length, at + chance.below(60));
  switch (chance.below(8)) {
    case 0:
      return Buffer.concat([file.subarray(0, at), Buffer.from([chance.below(256)]), file.subarray(at)]);
    case 1:
      return Buffer.concat([file.subarray(0, at), file.subarray(to)]);
    case 2:
      return Buffer.concat([file.subarray(0, to), file.subarray(at)]);
    case 3:
      return Buffer.concat([file.subarray(0, at), Buffer.from(chance.pick(TEXTS)), file.subarray(to)]);
    case 4:
      return Buffer.from(file.toString("latin1"), chance.of(0.5) ? "utf16le" : "utf8");
    case 5:
      return Buffer.from(
        file
          .toString("latin1")
          .replaceAll(/\d+/g, (number) => (chance.of(0.1) ? chance.pick(TEXTS) : number)),
        "latin1",
      );
    case 6:
      return Buffer.from(
        file.toString("latin1").replaceAll("\n", chance.pick(["\r\n", "\r", "\n\n", "\0"])),
        "latin1",
      );
    default:
      return Buffer.from(
        file
          .toString("latin1")
          .replaceAll(/2024-\d\d/g, chance.pick(["9999-12", "1601-01", "2024-13", "-2024-01"])),
        "latin1",
      );
  }
}

/** A form as broken clients send it: parts without names, boundaries that never come, headers without end. */
export function strangeForm(chance: Chance, file: Buffer): { body: Buffer; type: string } {
  const boundary = chance.pick(["b", "b".repeat(70), "with space", ""]);
  const name = chance.pick([
    'name="file"; filename="a.csv"',
    'name="file"',
    'filename="../../etc/passwd"',
    "",
    'name="' + "x".repeat(9_000),
  ]);
  const whole = Buffer.concat([
    Buffer.from(`--${boundary}\r\ncontent-disposition: form-data; ${name}\r\n\r\n`),
    file,
    Buffer.from(chance.of(0.7) ? `\r\n--${boundary}--\r\n` : ""),
  ]);
  const body = chance.of(0.3) ? whole.subarray(0, chance.below(whole.length + 1)) : whole;
  return { body, type: `multipart/form-data; boundary=${chance.of(0.9) ? boundary : "other"}` };
}
