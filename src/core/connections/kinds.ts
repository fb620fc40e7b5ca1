import type { DatasetId } from "../metrics/datasets.ts";

/** What can be pulled from a cloud account. */
export const CONNECTION_KINDS = [
  "s3-cost-export",
  "security-hub",
  "config-compliance",
  "cost-explorer",
  "cloudwatch-usage",
] as const;
export type ConnectionKind = (typeof CONNECTION_KINDS)[number];

/** A setting that a kind has besides region and access. */
export interface SettingSpec {
  name: string;
  description: string;
  required: boolean;
  pattern: RegExp;
  /** Completes "… is not valid: it must be …". */
  form: string;
  example: string;
}

export interface KindSpec {
  title: string;
  dataset: DatasetId;
  settings: readonly SettingSpec[];
  /** The service exists only there; other regions are rejected. */
  onlyRegion?: string;
}

const months = (description: string): SettingSpec => ({
  name: "months",
  description,
  required: false,
  pattern: /^(?:[1-9]|1[0-3])$/,
  form: "a whole number from 1 to 13",
  example: "3",
});

/** The kinds and their settings, as data: the checks, the command line and the API are made from it. */
export const KINDS: Readonly<Record<ConnectionKind, KindSpec>> = {
  "s3-cost-export": {
    title: "A cost export in an S3 bucket: FOCUS or CUR 2.0 (Data Exports), legacy CUR",
    dataset: "cost",
    settings: [
      {
        name: "bucket",
        description: "bucket the export is delivered to",
        required: true,
        // https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
        pattern: /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
        form: "the name of a bucket, without s3://",
        example: "acme-billing",
      },
      {
        name: "prefix",
        description:
          "folder of one export in the bucket: the one that holds data/ and metadata/, or the months",
        required: false,
        pattern: /^[^\s*?][^*?]{0,900}$/,
        form: "a path without wildcards",
        example: "exports/focus",
      },
      {
        ...months("newest billing periods to load (default: all)"),
        pattern: /^[1-9]\d{0,2}$/,
        form: "a whole number from 1 to 999",
      },
    ],
  },
  "security-hub": {
    title: "Security Hub findings",
    dataset: "findings",
    settings: [],
  },
  "config-compliance": {
    title: "AWS Config: compliance of rules and conformance packs",
    dataset: "controls",
    settings: [
      {
        name: "framework",
        description: "framework for rules outside conformance packs (default: AWS Config)",
        required: false,
        pattern: /^\S.{0,99}$/,
        form: "a name of up to 100 characters",
        example: "SOC 2",
      },
    ],
  },
  "cost-explorer": {
    title: "Cost Explorer: daily cost by service, account and region",
    dataset: "cost",
    settings: [months("billing periods to ask for, the current one included (default 2)")],
    onlyRegion: "us-east-1",
  },
  "cloudwatch-usage": {
    title: "CloudWatch: API calls, compute hours, storage, transfer",
    dataset: "usage",
    settings: [
      {
        name: "days",
        description: "days to ask for the first time (default 14)",
        required: false,
        pattern: /^(?:[1-9]|[1-9]\d|[1-3]\d\d|4[0-4]\d|45[0-5])$/,
        form: "a whole number from 1 to 455 (CloudWatch keeps hourly data for 455 days)",
        example: "30",
      },
    ],
  },
};

/** The value of a whole-number setting. */
export function numberSetting(
  settings: Readonly<Record<string, string>>,
  name: string,
  fallback: number,
): number {
  const text = settings[name];
  return text === undefined ? fallback : Number(text);
}
