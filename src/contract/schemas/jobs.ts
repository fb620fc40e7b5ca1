import * as z from "zod/mini";
import { JOB_KINDS, JOB_STATUSES } from "../../core/jobs/job.ts";
import { instant, nullableInstant } from "./common.ts";
import { doc, named } from "./registry.ts";

export const jobSchema = named(
  "Job",
  "Work that outlives the request which asked for it: an import, an export, a pull, a claim of accounts.",
  z.object({
    id: doc(z.string(), "Also that of its export, or of its connection's run."),
    kind: z.enum(JOB_KINDS),
    title: z.string(),
    status: doc(
      z.enum(JOB_STATUSES),
      "`queued` until a process starts it; `cancelled` when it was stopped on request.",
    ),
    phase: doc(z.nullable(z.string()), "What it is doing now."),
    fraction: doc(z.nullable(z.number()), "Progress from 0 to 1; null while unknown."),
    rows: doc(z.nullable(z.int()), "Rows read or written so far."),
    result: doc(
      z.unknown(),
      "An import's ImportReport, a pull's SyncReport, the id of an export as `export`, or of a claim of accounts how many facts were `moved`, `superseded` and `kept`. Null until the job is done, and in lists.",
    ),
    error: doc(
      z.nullable(
        z.object({
          code: doc(z.string(), "Stable, as of a problem."),
          message: z.string(),
          fix: z.exactOptional(z.string()),
          field: z.exactOptional(z.string()),
        }),
      ),
      "Why it failed.",
    ),
    requestedBy: z.string(),
    createdAt: instant("When it was asked for."),
    startedAt: nullableInstant("When a process first started it."),
    finishedAt: nullableInstant("When it ended."),
    expiresAt: instant("When the job is deleted."),
  }),
);

const uploadFile = {
  name: doc(z.string().check(z.minLength(1), z.maxLength(1_000)), "As reports and errors name it.", {
    examples: ["focus-2024-09.csv.gz"],
  }),
  size: doc(z.int().check(z.minimum(1)), "Bytes."),
};

export const newUploadSchema = named(
  "NewUpload",
  "Files to upload.",
  z.strictObject({
    files: z.array(z.strictObject(uploadFile)).check(z.minLength(1), z.maxLength(1_000)),
  }),
);

export const uploadSchema = named(
  "Upload",
  "Where to send the files of an import, each by itself and in any order.",
  z.object({
    id: doc(z.string(), "Give it as `upload` when all files have been sent."),
    files: z.array(
      z.object({
        ...uploadFile,
        method: z.enum(["PUT"]),
        url: doc(z.string(), "Absolute, or relative to the address of the service."),
        headers: doc(z.record(z.string(), z.string()), "To be sent with the file."),
        authorize: doc(z.boolean(), "Whether to send the token as well."),
      }),
    ),
    expiresAt: instant("When the addresses stop working."),
  }),
);
