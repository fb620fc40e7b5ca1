import * as z from "zod/mini";
import { DATASET_IDS } from "../../core/metrics/datasets.ts";
import { date, instant, pageOf } from "./common.ts";
import { doc, named } from "./registry.ts";

const amounts = doc(
  z.record(z.string(), z.nullable(z.string())),
  "`billed`, `effective`, `list`, `contracted` -> exact decimal text; null where no row carries one.",
);

export const loadReportSchema = named(
  "ImportReport",
  "What an import did: rows read, accepted and rejected, and the source's totals beside the store's.",
  z.object({
    format: z.string(),
    version: z.string(),
    files: z.array(z.string()),
    datasets: doc(
      z.array(z.object({ dataset: z.enum(DATASET_IDS), facts: z.int() })),
      "What the files hold facts of. A finding also stands for the controls it touches.",
    ),
    rowsRead: z.int(),
    rowsAccepted: z.int(),
    rowsRejected: z.int(),
    rejections: doc(
      z.array(
        z.object({
          file: z.string(),
          line: doc(z.nullable(z.int()), "1-based line of the file, the header counted."),
          row: doc(z.nullable(z.int()), "1-based data row."),
          field: z.nullable(z.string()),
          reason: z.string(),
        }),
      ),
      "The first 100; all are counted in `rowsRejected`.",
    ),
    totals: z.array(z.object({ currency: z.nullable(z.string()), source: amounts, loaded: amounts })),
    partitions: doc(
      z.array(
        z.object({
          dataset: z.enum(DATASET_IDS),
          tenant: z.string(),
          source: z.string(),
          period: z.string(),
          rows: z.int(),
          replacedRows: doc(z.int(), "Rows of the earlier load that this one took the place of."),
        }),
      ),
      "What was replaced: a load takes the place of the one before, it never adds to it.",
    ),
    unassigned: doc(
      z.array(z.object({ account: z.string(), name: z.nullable(z.string()), rows: z.int() })),
      "Accounts no tenant claims; their facts wait under the unassigned tenant.",
    ),
    warnings: z.array(z.string()),
    dryRun: z.boolean(),
  }),
);

const loadTotals = doc(
  z.array(
    z.object({ currency: doc(z.nullable(z.string()), "ISO 4217; null for facts that name none."), amounts }),
  ),
  "`billed` and `effective` by currency, over the facts that are stored; empty for datasets without amounts.",
);

export const loadRecordSchema = named(
  "Load",
  "A finished load as the store remembers it.",
  z.object({
    id: z.string(),
    tenant: z.string(),
    dataset: z.enum(DATASET_IDS),
    source: z.string(),
    period: z.string(),
    format: z.string(),
    files: z.array(z.string()),
    rows: z.int(),
    loadedAt: instant("When it was made."),
    totals: z.exactOptional(loadTotals),
  }),
);

export const loadListParams = z.strictObject({
  tenant: z.exactOptional(
    doc(z.string(), "Operators only: this tenant's loads. An admin sees the own tenant's."),
  ),
  limit: z.exactOptional(
    doc(z.int().check(z.minimum(1), z.maximum(1000)), "Loads on a page; 100 when not given."),
  ),
  after: z.exactOptional(
    doc(z.string().check(z.maxLength(4000)), "Continue behind this load: `next` of the page before."),
  ),
  totals: z.exactOptional(
    doc(
      z.boolean(),
      "Adds up what each load holds, which reads its facts: ask for it where it is looked at.",
    ),
  ),
});

export const loadListSchema = z.extend(pageOf(loadRecordSchema), {
  more: doc(z.boolean(), "Whether there is a next page; its loads are older."),
});

export const removalParams = z.strictObject({
  tenant: z.exactOptional(
    doc(
      z.string(),
      "Whose loads; an operator has to name it. An admin's are the own tenant's. Facts of accounts nobody claims are those of `unassigned`.",
    ),
  ),
  dataset: doc(
    z.enum(DATASET_IDS),
    "What the loads hold. `findings` and `controls` of a snapshot go together, whichever is named.",
  ),
  source: doc(z.string(), "As the list of imports has it.", { examples: ["focus:AWS:999999999999"] }),
  period: z.exactOptional(
    doc(
      z.string(),
      "A billing month or a snapshot's day, as the list has it; all of the source when not given.",
      {
        examples: ["2024-09"],
      },
    ),
  ),
  dryRun: z.exactOptional(doc(z.boolean(), "Tell what would go, and change nothing.")),
});

export const removalSchema = named(
  "Removal",
  "Loads that were taken out, or would be in a dry run, with what they held.",
  z.object({
    tenant: z.string(),
    dryRun: z.boolean(),
    rows: doc(z.int(), "Facts in all of them."),
    totals: loadTotals,
    loads: z.array(
      z.object({
        dataset: z.enum(DATASET_IDS),
        source: z.string(),
        period: z.string(),
        rows: z.int(),
        totals: loadTotals,
      }),
    ),
  }),
);

export const importParams = z.strictObject({
  format: z.exactOptional(
    doc(z.string(), "`auto` (detected from the content) or a format's name.", { examples: ["focus"] }),
  ),
  tenant: z.exactOptional(
    doc(
      z.string(),
      "Operators only: load everything for this tenant instead of by the account mapping. An admin's import always goes to the admin's own tenant.",
    ),
  ),
  snapshot: z.exactOptional(
    date("The day findings are a snapshot of; the day of the newest observation when not given."),
  ),
  dryRun: z.exactOptional(doc(z.boolean(), "Read, check and sum, and change nothing.")),
  upload: z.exactOptional(
    doc(z.string(), "An upload whose files have been sent, in place of a body: `id` of `POST /v1/uploads`."),
  ),
  name: z.exactOptional(
    doc(z.string(), "The file's name in reports, for an upload that is not multipart.", {
      examples: ["focus-2024-09.csv.gz"],
    }),
  ),
});
