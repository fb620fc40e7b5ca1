import * as z from "zod/mini";
import { CONNECTION_KINDS } from "../../core/connections/kinds.ts";
import { instant, nullableInstant } from "./common.ts";
import { doc, named } from "./registry.ts";

const accessFields = {
  roleArn: z.exactOptional(
    doc(z.string(), "Role that is assumed to read.", {
      examples: ["arn:aws:iam::111122223333:role/securebase-read"],
    }),
  ),
  externalId: z.exactOptional(doc(z.string(), "External id of the role's trust policy.")),
  profile: z.exactOptional(doc(z.string(), "Profile of the machine's shared configuration files.")),
};

const settings = z.record(z.string(), z.string());

export const newConnectionSchema = named(
  "NewConnection",
  "A connection to add. Access keys are never taken: name a role or a profile, or give the process credentials.",
  z.strictObject({
    kind: doc(z.string(), `One of ${CONNECTION_KINDS.join(", ")}.`, { examples: ["s3-cost-export"] }),
    id: z.exactOptional(doc(z.string(), "Its name; made of tenant and kind when not given.")),
    tenant: z.exactOptional(
      doc(z.string(), "Everything goes to this tenant; without it, to whoever claims a fact's account."),
    ),
    region: z.exactOptional(
      doc(z.string(), "Region of what is read; us-east-1 for Cost Explorer.", { examples: ["eu-west-1"] }),
    ),
    ...accessFields,
    settings: z.exactOptional(
      doc(settings, "The settings of its kind: `bucket`, `prefix`, `months`, `days`, `framework`."),
    ),
  }),
);

const totals = z.array(
  z.object({
    currency: z.nullable(z.string()),
    billed: z.nullable(z.string()),
    effective: z.nullable(z.string()),
  }),
);

export const syncReportSchema = named(
  "SyncReport",
  "What a pull did.",
  z.object({
    connection: z.string(),
    dryRun: z.boolean(),
    deliveries: z.array(
      z.object({
        id: z.string(),
        title: z.string(),
        status: doc(
          z.enum(["loaded", "checked", "unchanged"]),
          "`unchanged`: nothing new since it was loaded, so nothing was read. `checked`: a dry run.",
        ),
        loads: z.array(
          z.object({
            dataset: z.string(),
            format: z.string(),
            rowsRead: z.int(),
            rowsAccepted: z.int(),
            rowsRejected: z.int(),
            partitions: z.int(),
            unassigned: doc(z.int(), "Accounts no tenant claims."),
            totals: doc(totals, "By currency, exact decimal text; empty for what is no money."),
          }),
        ),
      }),
    ),
    calls: doc(z.record(z.string(), z.int()), "Calls to the cloud by IAM action."),
    warnings: z.array(z.string()),
  }),
);

export const syncRunSchema = named(
  "SyncRun",
  "A pull of a connection: the one that runs, or the last one.",
  z.object({
    id: z.string(),
    status: z.enum(["running", "done", "failed"]),
    dryRun: z.boolean(),
    startedAt: instant("When it began."),
    finishedAt: nullableInstant("When it ended; null while it runs."),
    progress: doc(z.nullable(z.string()), "What it is doing."),
    report: z.nullable(syncReportSchema),
    error: z.nullable(z.object({ code: z.string(), message: z.string(), fix: z.nullable(z.string()) })),
  }),
);

export const connectionSchema = named(
  "Connection",
  "Where facts are pulled from.",
  z.object({
    id: z.string(),
    kind: z.enum(CONNECTION_KINDS),
    tenant: z.exactOptional(z.string()),
    region: z.string(),
    ...accessFields,
    settings,
    createdAt: instant("When it was added."),
    lastRun: doc(z.nullable(syncRunSchema), "The pull that runs, or the last one."),
  }),
);

export const syncOptionsSchema = named(
  "SyncOptions",
  "How to pull.",
  z.strictObject({
    dryRun: z.exactOptional(doc(z.boolean(), "Read, check and sum everything, and change nothing.")),
    force: z.exactOptional(
      doc(z.boolean(), "Load a bill although it is there from another source and then counts twice."),
    ),
    replaceEstimates: z.exactOptional(
      doc(z.boolean(), "Take Cost Explorer's figures of a bill out when its export is loaded."),
    ),
    again: z.exactOptional(doc(z.boolean(), "Load deliveries again that did not change.")),
  }),
);
