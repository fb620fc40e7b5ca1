import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { careForJobs } from "../../src/app/jobs/care.ts";
import type { JobContext, JobHandler, Performed } from "../../src/app/jobs/handler.ts";
import {
  cancelJob,
  enqueueJob,
  getJob,
  listJobs,
  makeJob,
  type NewJob,
  refOf,
} from "../../src/app/jobs/jobs.ts";
import { performJob } from "../../src/app/jobs/perform.ts";
import { waitForJob } from "../../src/app/jobs/wait.ts";
import type { Services } from "../../src/app/services.ts";
import { DomainError } from "../../src/core/errors/errors.ts";
import { isOpen, type Job, LEASE_SECONDS } from "../../src/core/jobs/job.ts";

export type Handlers = Readonly<Record<Job["kind"], JobHandler>>;

/** A service whose jobs are carried out by handlers of the test's. */
export interface JobScene {
  services: Services;
  /** Lets go of the runner as an orderly end of its process does, and goes on with a new one on the same store. */
  restart(): Promise<void>;
  /** Lets so many seconds pass. */
  pass(seconds: number): void;
  close(): Promise<void>;
}

const NEVER = new AbortController().signal;

/** A step of a test that a handler waits for. */
function gate(): { open: () => void; opened: Promise<void> } {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { open, opened };
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
  });

/** What every way of having jobs carried out must do. */
export function jobCases(name: string, create: (handlers: Handlers) => Promise<JobScene>): void {
  describe(`jobs: ${name}`, () => {
    let scene: JobScene;
    let services: Services;
    let handle: (context: JobContext) => Promise<unknown>;
    beforeEach(async () => {
      handle = () => Promise.resolve("done");
      const handler: JobHandler = async (context) => {
        const result = await handle(context);
        return isPerformed(result) ? result : { done: true, result: result ?? null };
      };
      scene = await create({ import: handler, export: handler, sync: handler, claim: handler });
      services = scene.services;
    });
    afterEach(() => scene.close());

    const start = async (more: Partial<NewJob> = {}): Promise<Job> => {
      const job = makeJob(services, {
        kind: "export",
        tenant: "acme",
        title: "A job",
        input: { größe: 1 },
        requestedBy: "ann",
        ...more,
      });
      await enqueueJob(services, job);
      return job;
    };
    const ended = async (job: Job): Promise<Job> => {
      const now = await waitForJob(services, job, 20_000, NEVER);
      expect(isOpen(now)).toBe(false);
      return now;
    };

    it("are carried out with what they were given, and tell what came of them", async () => {
      handle = ({ job }) => Promise.resolve({ got: job.input });
      const job = await ended(await start());
      expect(job).toMatchObject({
        status: "done",
        result: { got: { größe: 1 } },
        error: null,
        fraction: 1,
        attempts: 1,
      });
      expect(Date.parse(job.finishedAt ?? "")).toBeGreaterThanOrEqual(Date.parse(job.startedAt ?? ""));
      scene.pass(10 * LEASE_SECONDS);
      expect(await careForJobs(services, { alone: false })).toEqual({ dispatched: 0, ended: 0 });
    });

    it("tell why they failed", async () => {
      handle = () =>
        Promise.reject(new DomainError("import.damaged", "unprocessable", "It broke", { fix: "Mend it." }));
      expect(await ended(await start())).toMatchObject({
        status: "failed",
        error: { code: "import.damaged", kind: "unprocessable", message: "It broke", fix: "Mend it." },
      });
      handle = () => Promise.reject(new TypeError("a fault"));
      const fault = await ended(await start());
      expect([fault.status, fault.error?.code, fault.error?.message]).toEqual([
        "failed",
        undefined,
        "a fault",
      ]);
    });

    it("are seen by their owner only, newest first, page by page", async () => {
      const own = [await start(), await start(), await start({ kind: "import" })].map(({ id }) => id);
      const operators = await start({ tenant: null, kind: "sync" });
      const other = await start({ tenant: "acme2" });
      await expect(getJob(services, "acme", other.id)).rejects.toMatchObject({ code: "job.not-found" });
      await expect(getJob(services, null, other.id)).rejects.toMatchObject({ code: "job.not-found" });
      await expect(cancelJob(services, "acme", operators.id)).rejects.toMatchObject({
        code: "job.not-found",
      });
      const first = await listJobs(services, "acme", { limit: 2 });
      const rest = await listJobs(services, "acme", { limit: 2, after: first.next ?? "" });
      expect([...first.items, ...rest.items].map(({ id }) => id)).toEqual(own.toReversed());
      const { items } = await listJobs(services, null, { limit: 9 });
      expect(items.map(({ id }) => id)).toEqual([operators.id]);
    });

    it("tell how far they have got", async () => {
      const [told, go] = [gate(), gate()];
      handle = async ({ report }) => {
        report({ phase: "Writing", rows: 5, fraction: 0.5 });
        told.open();
        await go.opened;
      };
      const job = await start();
      await told.opened;
      await expect
        .poll(() => getJob(services, "acme", job.id))
        .toMatchObject({ status: "running", phase: "Writing", rows: 5, fraction: 0.5 });
      go.open();
      expect(await ended(job)).toMatchObject({ status: "done", phase: null, rows: 5 });
    });

    it("end when they are cancelled, and stay as they are when they have ended", async () => {
      const begun = gate();
      handle = ({ signal }) => {
        begun.open();
        return untilAborted(signal);
      };
      const job = await start();
      await begun.opened;
      await cancelJob(services, "acme", job.id);
      expect(await ended(job)).toMatchObject({ status: "cancelled", error: { code: "job.cancelled" } });
      expect(await cancelJob(services, "acme", job.id)).toMatchObject({ status: "cancelled" });
    });

    it("are carried out once when many are asked to", async () => {
      const [begun, go] = [gate(), gate()];
      let times = 0;
      handle = async () => {
        times += 1;
        begun.open();
        await go.opened;
      };
      const job = await start();
      await begun.opened;
      const late = await Promise.all(
        [1, 2].map(() => performJob(services, refOf(job).key, { signal: NEVER })),
      );
      expect(late).toEqual([undefined, undefined]);
      go.open();
      await ended(job);
      expect(await performJob(services, refOf(job).key, { signal: NEVER })).toBeUndefined();
      expect(times).toBe(1);
    });

    it("are left to the next process by one that ends, and go on there", async () => {
      const begun = gate();
      let times = 0;
      handle = ({ signal }) => {
        times += 1;
        begun.open();
        return times === 1 ? untilAborted(signal) : Promise.resolve("in the end");
      };
      const job = await start();
      await begun.opened;
      await scene.restart();
      ({ services } = scene);
      await careForJobs(services, { alone: true });
      expect(await ended(job)).toMatchObject({ status: "done", result: "in the end", attempts: 1 });
    });

    it("go on in another process with what came of them so far", async () => {
      const results: unknown[] = [];
      handle = ({ job }) => {
        results.push(job.result);
        return Promise.resolve({ done: results.length === 3, result: results.length });
      };
      const job = await start();
      for (let looks = 0; isOpen(await getJob(services, "acme", job.id)) && looks < 50; looks++) {
        await waitForJob(services, job, 50, NEVER);
        await careForJobs(services, { alone: false });
      }
      expect(await ended(job)).toMatchObject({ status: "done", result: 3 });
      expect(results).toEqual([null, 1, 2]);
    });
  });
}

function isPerformed(result: unknown): result is Performed {
  return typeof result === "object" && result !== null && "done" in result;
}
