import type { DemoDay } from "./calendar.ts";
import type { DemoAccount, Profile, StackId, Workload } from "./profiles.ts";
import { createRandom, type Random, seedOf } from "./random.ts";
import { type Sku, SKUS } from "./skus.ts";
import { type EventOf, scenarioOf } from "./scenario.ts";

/** One resource's use of one SKU in one account and region: a line of the bill every day it runs. */
export interface Line {
  index: number;
  account: DemoAccount;
  region: string;
  sku: Sku;
  resourceId: string;
  resourceName: string;
  environment: string;
  /** Empty for what nobody tagged. */
  tags: Readonly<Record<string, string>>;
  /** Pricing units a day at the start; for storage, gigabytes kept. */
  base: number;
  /** Day indexes it exists in: `[born, gone)`. */
  born: number;
  gone: number;
  /** Whether its share falls (away) or rises (arriving) while its tenant moves between regions. */
  move?: "away" | "arriving" | undefined;
}

/** All lines of one tenant and the events that touch them. */
export interface Inventory {
  profile: Profile;
  days: readonly DemoDay[];
  lines: readonly Line[];
  seed: number;
  spike: EventOf<"cost-spike"> | undefined;
  move: EventOf<"region-move"> | undefined;
  refund: EventOf<"refund"> | undefined;
  restatement: EventOf<"restatement"> | undefined;
}

type Part = readonly [sku: string, copies: "one" | "each", low: number, high: number];

/** Daily amounts of a small production service. Hours of servers are 24 an instance. */
const STACKS: Readonly<Record<StackId, readonly Part[]>> = {
  web: [
    ["elb", "one", 24, 24],
    ["ec2-general", "each", 30, 60],
    ["ebs", "each", 200, 600],
    ["cloudfront", "one", 30, 80],
    ["waf", "one", 1, 4],
    ["transfer", "one", 15, 40],
    ["logs", "one", 6, 14],
  ],
  data: [
    ["rds", "each", 24, 24],
    ["rds-storage", "each", 200, 900],
    ["s3", "each", 2_000, 9_000],
    ["s3-requests", "each", 200, 900],
    ["backup", "one", 500, 2_500],
    ["elasticache", "one", 24, 48],
    ["kms", "one", 20, 80],
  ],
  serverless: [
    ["lambda-duration", "each", 150, 700],
    ["lambda-requests", "each", 3, 14],
    ["dynamodb", "each", 2, 9],
    ["sqs", "each", 2, 12],
    ["s3", "one", 500, 2_500],
    ["logs", "one", 2, 8],
  ],
  containers: [
    ["eks", "one", 24, 24],
    ["fargate", "each", 80, 260],
    ["ec2-compute", "each", 24, 60],
    ["nat-hours", "one", 48, 48],
    ["nat-data", "one", 60, 220],
  ],
  analytics: [
    ["redshift", "one", 24, 48],
    ["glue", "each", 8, 30],
    ["athena", "one", 0.4, 2],
    ["opensearch", "one", 48, 48],
    ["s3", "each", 5_000, 20_000],
  ],
  ml: [
    ["sagemaker", "each", 4, 16],
    ["bedrock", "each", 1_500, 6_000],
    ["ec2-memory", "one", 24, 24],
    ["s3", "one", 3_000, 9_000],
  ],
  devices: [
    ["iot", "each", 8, 20],
    ["lambda-requests", "one", 4, 10],
    ["dynamodb", "one", 2, 6],
  ],
  build: [
    ["codebuild", "each", 200, 900],
    ["ec2-dev", "each", 20, 48],
    ["ebs", "one", 150, 400],
  ],
  identity: [["directory", "one", 48, 48]],
};

/** What every account runs in the home region, whoever uses it. */
const BASELINE: readonly Part[] = [
  ["guardduty", "one", 0.3, 1.5],
  ["securityhub", "one", 1, 4],
  ["config", "one", 300, 1_500],
  ["kms", "one", 2, 10],
];

const SHARED: Workload = {
  application: "landing-zone",
  team: "platform",
  costCenter: "CC-0001",
  environment: "prod",
  account: 0,
  stacks: [],
  scale: 1,
  copies: 1,
};

/** Builds a tenant's inventory: the same profile, days and seed give the same lines. */
export function buildInventory(profile: Profile, days: readonly DemoDay[], demoSeed: number): Inventory {
  const seed = seedOf(profile.id, demoSeed);
  const random = createRandom(seed);
  const events = scenarioOf(days).filter((event) => event.tenant === profile.id);
  const find = <K extends EventOf<"refund" | "cost-spike" | "region-move" | "restatement">["kind"]>(
    kind: K,
  ): EventOf<K> | undefined => events.find((event): event is EventOf<K> => event.kind === kind);
  const move = find("region-move");
  const opening = events.find((event) => event.kind === "new-account");
  const openingIndex = days.find((day) => day.date === opening?.day)?.index ?? 0;
  const lines: Line[] = [];
  const add = (workload: Workload, account: DemoAccount, part: Part, copy: number): void => {
    const line = makeLine(profile, workload, account, part, copy, days, random);
    const born = account.opensMidway === true ? Math.max(line.born, openingIndex) : line.born;
    const moves = move?.fromRegion === line.region;
    lines.push({ ...line, index: lines.length, born, move: moves ? "away" : undefined });
    if (moves) lines.push(movedLine(line, lines.length, born, move.toRegion));
  };
  for (const account of profile.accounts) {
    for (const part of BASELINE) add(SHARED, account, part, 0);
  }
  for (const workload of profile.workloads) {
    const account = profile.accounts[workload.account] ?? profile.accounts[0];
    for (const part of workload.stacks.flatMap((stack) => STACKS[stack])) {
      const copies = part[1] === "each" ? workload.copies : 1;
      for (let copy = 0; copy < copies; copy++) add(workload, account, part, copy);
    }
  }
  return {
    profile,
    days,
    lines,
    seed,
    spike: find("cost-spike"),
    move,
    refund: find("refund"),
    restatement: find("restatement"),
  };
}

/** The twin of a line in the region its tenant moves to: the same purpose, another resource. */
function movedLine(line: Line, index: number, born: number, region: string): Line {
  const rename = (text: string): string => text.replaceAll(line.region, region);
  return {
    ...line,
    index,
    born,
    region,
    resourceId: `${rename(line.resourceId)}-eu`,
    resourceName: `${line.resourceName}-eu`,
    move: "arriving",
  };
}

function makeLine(
  profile: Profile,
  workload: Workload,
  account: DemoAccount,
  [skuId, , low, high]: Part,
  copy: number,
  days: readonly DemoDay[],
  random: Random,
): Line {
  const sku = SKUS.get(skuId);
  if (sku === undefined) throw new RangeError(`The stacks name an SKU that is not sold: ${skuId}`);
  // Every third copy sits in the second region, as real inventories sprawl.
  const sprawls = copy > 0 && copy % 3 === 2;
  const region = sprawls ? profile.secondRegion : profile.region;
  const fixed = sku.pattern === "always" && sku.pricingUnit === "Hours";
  const span = low + (high - low) * random.next();
  const partition = region.startsWith("us-gov-") ? "aws-us-gov" : "aws";
  const name = `${workload.application}-${workload.environment}-${skuId}-${copy + 1}`;
  const unique = random.int(0, 0xffffffff).toString(16).padStart(8, "0");
  // Some copies come or go in the time covered; the first one was there before and stays.
  const young = copy > 0 && random.chance(0.3);
  const leaving = copy > 0 && !young && random.chance(0.1);
  return {
    index: 0,
    account,
    region,
    sku,
    resourceId: `arn:${partition}:${sku.arn.replace("REGION", region).replace("ACCOUNT", account.id)}${name}-${unique}`,
    resourceName: name,
    environment: workload.environment,
    tags: tagsFor(workload, random),
    base: fixed ? Math.round(span / 24) * 24 : span * workload.scale,
    born: young ? random.int(0, days.length - 1) : 0,
    gone: leaving ? random.int(Math.floor(days.length / 3), days.length) : days.length,
  };
}

/** One in eight resources carries no tags, one in eight only some: what chargeback has to live with. */
function tagsFor(workload: Workload, random: Random): Record<string, string> {
  const roll = random.next();
  if (roll < 0.125) return {};
  const tags = { application: workload.application, environment: workload.environment };
  return roll < 0.25 ? tags : { ...tags, team: workload.team, "cost-center": workload.costCenter };
}
