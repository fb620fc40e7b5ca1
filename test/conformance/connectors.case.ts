import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeConnection } from "../../src/core/connections/connection.ts";
import { CONNECTION_KINDS, type ConnectionKind } from "../../src/core/connections/kinds.ts";
import { actionsOf, FREE_ACTIONS, policyFor } from "../../src/core/connections/policy.ts";
import type { Connectors, PullContext, SyncBatch } from "../../src/ports/connector.ts";

const NOW = new Date("2025-03-10T09:30:00.000Z");

/** A cloud that connectors read, as a test prepares it. */
export interface ConnectorScene {
  connectors: Connectors;
  settings: Readonly<Partial<Record<ConnectionKind, Readonly<Record<string, string>>>>>;
  /** Has every call refused, as a role without a policy does. */
  denyAll(): void;
  /** Calls that have arrived. */
  calls(): number;
  close(): Promise<void>;
}

/** What every connector must do, whatever it reads. @param create prepares a cloud in which there is little to read */
export function connectorCases(create: () => Promise<ConnectorScene>): void {
  describe.each(CONNECTION_KINDS)("connector: %s", (kind) => {
    let scene: ConnectorScene;
    let called: string[];
    beforeEach(async () => {
      scene = await create();
      called = [];
    });
    afterEach(() => scene.close());

    const pull = (more: Partial<PullContext> = {}): AsyncIterable<SyncBatch> => {
      const region = kind === "cost-explorer" ? "us-east-1" : "eu-west-1";
      const settings = { ...scene.settings[kind] };
      const connection = makeConnection({ kind, region, settings }, NOW.toISOString());
      return scene.connectors[kind].pull(connection, {
        now: NOW,
        marks: {},
        zoneOf: () => "UTC",
        signal: new AbortController().signal,
        onCall: (action) => called.push(action),
        onProgress: () => undefined,
        ...more,
      });
    };

    /** Reads a batch to its end, as who loads it does. */
    async function drain(batch: SyncBatch): Promise<void> {
      if (batch.kind === "records")
        for await (const some of batch.records) expect(some).toBeInstanceOf(Array);
      if (batch.kind === "facts") for await (const some of batch.facts) expect(some).toBeInstanceOf(Array);
      if (batch.kind === "files")
        for (const file of batch.files) for await (const chunk of file.open()) expect(chunk).toBeDefined();
    }

    it("names each batch once, and says what to remember when it has been read", async () => {
      const ids: string[] = [];
      for await (const batch of pull()) {
        ids.push(batch.id);
        expect(batch.title).not.toBe("");
        await drain(batch);
        if (batch.kind === "unchanged") continue;
        for (const [name, mark] of Object.entries(batch.marks()))
          expect([typeof name, typeof mark]).toEqual(["string", "string"]);
        for (const note of batch.notes()) expect(note).not.toBe("");
      }
      expect(new Set(ids).size).toBe(ids.length);
    });

    it("reports every call it makes by an action of its policy, or one that needs none", async () => {
      for await (const batch of pull()) await drain(batch);
      expect(called.length).toBe(scene.calls());
      const allowed = [...actionsOf(policyFor(kind, { ...scene.settings[kind] })), ...FREE_ACTIONS];
      expect(called.filter((action) => !allowed.includes(action))).toEqual([]);
    });

    it("fails with the action that is missing when it is denied, and yields nothing in its place", async () => {
      scene.denyAll();
      const yielded: string[] = [];
      const all = (async () => {
        for await (const batch of pull()) {
          await drain(batch);
          yielded.push(batch.id);
        }
      })();
      await expect(all).rejects.toMatchObject({ code: "sync.access-denied", kind: "unavailable" });
      expect(yielded).toEqual([]);
    });

    it("makes no call once it is told to stop, and fails with the reason", async () => {
      const reason = new Error("enough");
      const all = (async () => {
        for await (const batch of pull({ signal: AbortSignal.abort(reason) })) await drain(batch);
      })();
      await expect(all).rejects.toBe(reason);
      expect(scene.calls()).toBe(0);
    });
  });
}
