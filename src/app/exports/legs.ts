import { DomainError } from "../../core/errors/errors.ts";
import { closeTables, detailTable } from "../../core/reports/document.ts";
import type { ExportJob } from "../../core/exports/export-job.ts";
import type { ExportLeg } from "../../ports/export-files.ts";
import type { JobWork } from "../../ports/jobs.ts";
import type { RenderState } from "../../ports/renderer.ts";
import { rendererFor } from "../../render/registry.ts";
import { buildDocument } from "../reports/build-document.ts";
import type { Services, TenantContext, Trace } from "../services.ts";
import { getTenant } from "../tenants/tenants.ts";
import { type Deadline, deadlineOf, outOfTime } from "./deadline.ts";
import { type ExportWork, failedJob } from "./export.ts";
import { DocumentChanged, documentOfLeg, type LegDocument, type Seen } from "./leg-document.ts";

/**
 * Legs a file is written in at most. Lambda drops a function's calls of itself after 16 in a row (Lambda Developer
 * Guide, "Recursive loop detection"), the request's own invocation among them.
 */
const MOST_LEGS = 14;
/** Times a file is begun anew because the facts changed under it. */
const MOST_RESTARTS = 3;
/** After its time limit an invocation is over, but clocks differ. */
const LEASE_SLACK = 2_000;
const PROGRESS_EVERY_MS = 2_000;

/** What a leg leaves for the next. */
interface Checkpoint {
  /** Another version may write other bytes. */
  version: string;
  /** The instant the document is made for, RFC 3339: the same in all legs. */
  at: string;
  restarts: number;
  seen: Seen;
  render: RenderState;
}

/**
 * Does in this process what `startExport` handed to a job runner in another one. Where time is short the file is left
 * in its middle, and another process asked to go on with it. The outcome is on the job's record.
 * @param remaining milliseconds this process has left
 * @param traced makes the log's trace of the job, in which all legs tell faults of the document by the same id
 * @throws DomainError `store.*` when nobody could be asked to go on: the same work given again does that
 */
export async function resumeExport(
  services: Services,
  work: JobWork,
  remaining: () => number,
  traced?: (id: string) => Trace,
): Promise<void> {
  const { principal, job } = work.data as ExportWork;
  const { legs } = services.exportFiles.forTenant(work.tenant);
  if (legs === undefined) throw new Error("the store cannot have a file written by several processes");
  const leg = await legs.take(job.id, remaining() + LEASE_SLACK);
  // A runner may deliver the same work twice; what is done stays done, and what is under way is another's.
  if (leg === undefined) return;
  const deadline = deadlineOf(remaining);
  try {
    const tenant = await getTenant(services, work.tenant);
    const trace = traced?.(job.id);
    const context = { services, tenant, principal, ...(trace !== undefined && { trace }) };
    const writer = new LegWriter(context, leg, work.data as ExportWork, deadline);
    const isLeft = await Promise.race([writer.write(), deadline.passed]);
    if (!isLeft) return;
  } catch (error) {
    await endFailed(services, leg, error);
    return;
  } finally {
    deadline.clear();
  }
  await services.jobs.start(job.id, () => resumeExport(services, work, remaining, traced), work);
}

/** Writes one leg of a file. */
class LegWriter {
  readonly #context: TenantContext;
  readonly #leg: ExportLeg;
  readonly #work: ExportWork;
  readonly #deadline: Deadline;
  #told: number;

  constructor(context: TenantContext, leg: ExportLeg, work: ExportWork, deadline: Deadline) {
    this.#context = context;
    this.#leg = leg;
    this.#work = work;
    this.#deadline = deadline;
    this.#told = this.#now().getTime();
  }

  #now(): Date {
    return this.#context.services.clock.now();
  }

  /** @returns whether the file was left for another process; else it is whole */
  async write(): Promise<boolean> {
    let saved = this.#leg.checkpoint as Checkpoint | undefined;
    let restarts = saved?.restarts ?? 0;
    if (saved !== undefined && saved.version !== this.#context.services.version) saved = undefined;
    if (saved === undefined && this.#leg.number > 0) await this.#leg.startOver();
    for (;;) {
      try {
        return await this.#attempt(saved, restarts);
      } catch (error) {
        if (!isChange(error)) throw error;
        if (++restarts > MOST_RESTARTS) throw changedTooOften(error);
        await this.#leg.startOver();
        saved = undefined;
      }
    }
  }

  /** Goes on with the file, or begins it. */
  async #attempt(saved: Checkpoint | undefined, restarts: number): Promise<boolean> {
    const { services } = this.#context;
    const { recipe, options } = this.#work;
    const isFirst = this.#leg.number === 0 && restarts === 0;
    const at = saved?.at ?? (isFirst ? this.#leg.job.createdAt : this.#now().toISOString());
    const then = { ...services, clock: { now: () => new Date(at) } };
    const built = await buildDocument(
      { ...this.#context, services: then },
      recipe.definition,
      recipe.options,
    );
    try {
      const job = { ...ended(this.#leg.job), rowsTotal: detailTable(built).table.head.completeness.rows };
      const onBatch = (rows: number): Promise<void> => this.#tell({ ...job, rowsWritten: rows });
      const made = await documentOfLeg(built, services.digest, saved?.seen, onBatch);
      const render = await this.#render(made, options, saved?.render);
      if (render === undefined) {
        await this.#finish(made, job);
        return false;
      }
      const seen = made.seen(render.rows);
      await this.#leave(job, { version: services.version, at, restarts, seen, render });
      return true;
    } finally {
      await closeTables(built.sections);
    }
  }

  async #tell(job: ExportJob): Promise<void> {
    this.#deadline.signal.throwIfAborted();
    const now = this.#now();
    if (now.getTime() - this.#told < PROGRESS_EVERY_MS) return;
    this.#told = now.getTime();
    await this.#leg.tell({ ...job, progressAt: now.toISOString() });
  }

  /** @returns where the file was left; undefined when it is whole */
  async #render(
    { document }: LegDocument,
    options: ExportWork["options"],
    from: RenderState | undefined,
  ): Promise<RenderState | undefined> {
    const { signal } = this.#deadline;
    const renderer = await rendererFor(this.#leg.job.format, options);
    const part = { ...(from !== undefined && { from }), pause: () => this.#deadline.isNear() };
    const bytes = renderer.renderLeg(document, options, part)[Symbol.asyncIterator]();
    try {
      for (;;) {
        const step = await bytes.next();
        // Whoever waits for this may have given up; nothing must be written then.
        signal.throwIfAborted();
        if (step.done === true) return step.value;
        await this.#leg.add(step.value);
      }
    } finally {
      await bytes.return?.();
    }
  }

  async #leave(job: ExportJob, checkpoint: Checkpoint): Promise<void> {
    if (this.#leg.number + 1 >= MOST_LEGS) throw outOfTime();
    const { rows } = checkpoint.render;
    const progressAt = this.#now().toISOString();
    await this.#leg.leave({ ...job, rowsWritten: rows, progressAt }, checkpoint);
  }

  async #finish({ document }: LegDocument, job: ExportJob): Promise<void> {
    const bytes = await this.#leg.complete();
    const manifest = document.manifest();
    const { rowsWritten } = manifest;
    const finishedAt = this.#now().toISOString();
    await this.#leg.end({ ...job, status: "done", rowsWritten, bytes, manifest, finishedAt });
  }
}

/** A job's record without what only matters while it is written. */
function ended(job: ExportJob): ExportJob {
  const record = { ...job };
  delete record.progressAt;
  return record;
}

/** Whether what the file begins with is no good any more, so that it has to begin anew. */
function isChange(error: unknown): boolean {
  return (
    error instanceof DocumentChanged || (error instanceof DomainError && error.code === "export.upload-lost")
  );
}

function changedTooOften(cause: unknown): DomainError {
  return new DomainError(
    "export.data-changed",
    "conflict",
    "The facts changed again and again while the export was written",
    { fix: "Start the export again when the imports are through.", cause },
  );
}

/** Puts a failure on record, unless the job is another's by now, or gone. */
async function endFailed(services: Services, leg: ExportLeg, error: unknown): Promise<void> {
  if (isLost(error)) return;
  await leg.end(failedJob(ended(leg.job), error, services.clock.now())).catch((cause: unknown) => {
    if (!isLost(cause)) throw cause;
  });
}

const isLost = (error: unknown): boolean => error instanceof DomainError && error.code === "export.leg-lost";
