import * as z from "zod/mini";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Fresh } from "../../../test/conformance/lib/fresh.ts";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";
import { problemSpec } from "../../contract/problems.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { recordErrors } from "../../core/records/errors.ts";
import type { RecordStore } from "../../ports/records.ts";
import { BUDGETS, CONNECTIONS, EXPORTS, REPORTS, TENANTS } from "./kinds.ts";
import { type RecordKind, type Records, recordsOf, versioned, writeTogether } from "./records.ts";

interface Task {
  id: string;
  due: string;
  done: number;
  owner?: string;
}

const TASKS: RecordKind<Task, "tenant"> = {
  name: "report",
  scope: "tenant",
  version: 2,
  schema: z.object({
    id: z.string(),
    due: z.string(),
    done: z.number(),
    owner: z.exactOptional(z.string()),
  }),
  upgrade: (body, version) => ({ ...(body as object), done: version * 100 }),
  id: (task) => task.id,
  sortKey: (task) => task.due,
  order: "ascending",
  uniqueKeys: ({ owner }) => (owner === undefined ? [] : [{ name: "owner", value: owner }]),
  errors: {
    ...recordErrors("report"),
    taken: ({ value, holder }) => new DomainError("report.exists", "conflict", `${value} has ${holder}`),
  },
};
/** The same records as a version of the program wrote them that knew no `done`. */
const OLD_TASKS: RecordKind<object, "tenant"> = { ...TASKS, version: 1, schema: z.looseObject({}) } as never;

describe("records of a kind", () => {
  let fresh: Fresh<RecordStore>;
  let tasks: Records<Task>;
  let context: Parameters<typeof recordsOf>[0];
  beforeEach(async () => {
    fresh = await freshStore((store) => store.records);
    let id = 0;
    const services = { records: fresh.store, ids: { next: () => `r${++id}` } };
    context = { services, tenant: { id: "acme" } };
    tasks = recordsOf(context, TASKS);
  });
  afterEach(() => fresh.close());

  const task = (id: string, more: Partial<Task> = {}): Task => ({ id, due: "2024-10-01", done: 0, ...more });

  it("are created, read, replaced and removed under a revision", async () => {
    const first = await tasks.create(task("a"));
    expect(await tasks.get("a")).toEqual(first);
    expect(versioned(first)).toEqual({ ...task("a"), etag: first.revision });
    const second = await tasks.replace(first, task("a", { done: 1 }));
    expect(second.revision).not.toBe(first.revision);
    expect(await tasks.find("a")).toEqual(second);
    await tasks.remove("a", second.revision);
    expect(await tasks.find("a")).toBeUndefined();
  });

  it("say what is wrong in the words of their kind", async () => {
    const seen = await tasks.create(task("a", { owner: "alice" }));
    const exists = { code: "report.exists", kind: "conflict", field: "id" };
    await expect(tasks.create(task("a"))).rejects.toMatchObject(exists);
    await tasks.replace(seen, task("a", { owner: "alice", done: 1 }));
    const changed = { code: "report.changed", kind: "precondition" };
    await expect(tasks.replace(seen, task("a"))).rejects.toMatchObject(changed);
    await expect(tasks.remove("a", seen.revision)).rejects.toMatchObject(changed);
    const missing = { code: "report.not-found", kind: "not-found" };
    await expect(tasks.get("b")).rejects.toMatchObject(missing);
    await expect(tasks.remove("b")).rejects.toMatchObject(missing);
    await expect(tasks.replace({ ...seen, record: task("b") }, task("b"))).rejects.toMatchObject(missing);
    const taken = { code: "report.exists", message: "alice has a" };
    await expect(tasks.create(task("b", { owner: "alice" }))).rejects.toMatchObject(taken);
  });

  it("are listed by their sort key, page by page", async () => {
    const dues = { a: "2024-10-03", b: "2024-10-01", c: "2024-10-02", d: "2024-10-01" };
    for (const [id, due] of Object.entries(dues)) await tasks.create(task(id, { due }));
    const list = async (page: { limit: number; after?: string; prefix?: string }) =>
      (await tasks.list(page)).map(({ record }) => record.id);
    expect(await list({ limit: 3 })).toEqual(["b", "d", "c"]);
    expect(await list({ limit: 3, after: tasks.cursorOf(task("d")) })).toEqual(["c", "a"]);
    expect(await list({ limit: 3, prefix: "2024-10-02" })).toEqual(["c"]);
    expect((await tasks.all()).map(({ record }) => record.id)).toEqual(["b", "d", "c", "a"]);
  });

  it("are changed on what is there by then, also when many do so at once", async () => {
    await tasks.create(task("a"));
    await Promise.all(
      Array.from({ length: 4 }, () => tasks.change("a", (now) => ({ ...now, done: now.done + 1 }))),
    );
    expect((await tasks.get("a")).record.done).toBe(4);
    expect(await tasks.change("a", () => undefined)).toBeUndefined();
    expect(await tasks.change("b", (now) => now)).toBeUndefined();
    const refused = tasks.change("a", () => {
      throw new Error("not now");
    });
    await expect(refused).rejects.toThrow("not now");
  });

  it("are given up on when they change all the time", async () => {
    await tasks.create(task("a"));
    let busy = Promise.resolve();
    const rival = async (): Promise<void> => {
      const seen = await tasks.get("a");
      await tasks.replace(seen, { ...seen.record, done: seen.record.done + 1 });
    };
    const space = fresh.store.forTenant("acme");
    const meddling: RecordStore = {
      service: fresh.store.service,
      forTenant: () => ({
        tenant: "acme",
        list: (kind, page) => space.list(kind, page),
        async get(kind, id) {
          const found = await space.get(kind, id);
          busy = busy.then(rival);
          await busy;
          return found;
        },
        write: (changes) => space.write(changes),
      }),
    };
    const services = { records: meddling, ids: { next: () => "mine" } };
    const change = recordsOf({ ...context, services }, TASKS).change("a", (now) => ({ ...now, done: -1 }));
    await expect(change).rejects.toMatchObject({ code: "store.unavailable", retryAfter: 5 });
    expect((await tasks.get("a")).record.done).toBe(5);
  });

  it("of an earlier version are brought into the present shape, and those of a later one are refused", async () => {
    const old = recordsOf(context, OLD_TASKS);
    await old.create({ id: "a", due: "2024-10-01" });
    expect((await tasks.get("a")).record).toEqual(task("a", { done: 100 }));
    await tasks.create(task("b"));
    await expect(old.get("b")).rejects.toMatchObject({
      code: "store.newer-record",
      message: expect.stringContaining('report "b"') as string,
    });
  });

  it.each([0, -1, 1.5])("of version %d, which there never was, are refused", async (version) => {
    const after = { kind: "report", id: "odd", revision: "x", position: "odd", body: task("odd") };
    const stored = { ...fresh.store.forTenant("acme") };
    stored.get = () => Promise.resolve({ ...after, version });
    const records = { ...fresh.store, forTenant: () => stored };
    const odd = recordsOf({ ...context, services: { ...context.services, records } }, TASKS);
    await expect(odd.get("odd")).rejects.toMatchObject({ code: "store.unknown-record" });
  });

  it("that do not fit their schema are an error that names them, and drop what the schema does not know", async () => {
    const write = (id: string, body: object) =>
      fresh.store
        .forTenant("acme")
        .write([{ after: { kind: "report", id, revision: "x", version: 2, position: id, body } }]);
    await write("a", { ...task("a"), gone: true });
    expect((await tasks.get("a")).record).toEqual(task("a"));
    await write("b", { id: "b", due: 7 });
    const unfit = 'The stored report "b" is not of the shape of a report';
    await expect(tasks.get("b")).rejects.toThrow(unfit);
    await expect(tasks.list({ limit: 10 })).rejects.toThrow(unfit);
    await expect(tasks.get("b")).rejects.not.toBeInstanceOf(DomainError);
  });

  it("are written together or not at all", async () => {
    const seen = await tasks.create(task("a"));
    const pending = (id: string) => ({ record: task(id), revision: `p-${id}` });
    await writeTogether([tasks.replacing(seen, { ...pending("a") }), tasks.creating(pending("b"))]);
    expect((await tasks.all()).map(({ revision }) => revision)).toEqual(["p-a", "p-b"]);
    const refused = writeTogether([tasks.creating(pending("c")), tasks.removing(seen)]);
    await expect(refused).rejects.toMatchObject({ code: "report.changed" });
    expect(await tasks.find("c")).toBeUndefined();
    const others = recordsOf({ ...context, tenant: { id: "other" } }, TASKS);
    const apart = writeTogether([tasks.creating(pending("d")), others.creating(pending("d"))]);
    await expect(apart).rejects.toThrow("different spaces");
  });
});

describe("the kinds of records", () => {
  it.each([
    { kind: REPORTS, codes: ["exists", "not-found", "changed"] },
    { kind: BUDGETS, codes: ["exists", "not-found", "changed"] },
    { kind: TENANTS, codes: ["exists", "not-found", "changed", "account-taken"] },
    { kind: CONNECTIONS, codes: ["exists", "not-found"] },
    { kind: EXPORTS, codes: ["not-found"] },
  ])("have their errors in the contract: $kind.name", ({ kind: { name, errors }, codes }) => {
    for (const code of codes) expect(problemSpec(`${name}.${code}`), code).toBeDefined();
    expect(errors.notFound("x").code).toBe(`${name}.not-found`);
    const { changed } = errors;
    if (codes.includes("changed")) {
      const status = changed("x").kind === "precondition" ? 412 : 409;
      expect(problemSpec(`${name}.changed`)?.status).toBe(status);
    }
  });
});
