import { spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ownersByAccount } from "../../src/app/tenants/registry.ts";
import { addTenant } from "../../src/app/tenants/tenants.ts";
import { jobKey } from "../../src/core/jobs/key.ts";
import { openEmbedded } from "../../src/runtimes/embedded.ts";
import { seededRandom } from "../support/random.ts";
import { ask, cost, inBatches, load } from "../conformance/lib/facts.ts";

const CHILD = join(import.meta.dirname, "claims-child.ts");
const ACCOUNTS = Array.from({ length: 20 }, (_, i) => `3${String(i).padStart(11, "0")}`);
/** Facts of each account, one a day. */
const FACTS = 30;
const TENANTS = ["alpha", "beta", "unassigned"];
/** Of the changes, and of the moments of death. Another one is as good. */
const SEED = Number(process.env["SECUREBASE_TEST_SEED"] ?? 12);

let directory: string;
let kill: (() => void) | undefined;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "securebase-killed-"));
});
afterEach(() => {
  kill?.();
  rmSync(directory, { recursive: true, force: true });
});

/** Has accounts change hands, and kills who does it some milliseconds after so many changes. */
async function changeAndKill(seed: number, changes: number, after: number): Promise<void> {
  const child = spawn(process.execPath, ["--import", "tsx", CHILD, directory, String(seed)]);
  kill = () => child.kill("SIGKILL");
  let errors = "";
  child.stderr.on("data", (data: Buffer) => (errors += data.toString()));
  let left = changes;
  child.stdout.on("data", (data: Buffer) => {
    const before = left;
    left -= data.toString().split("\n").length - 1;
    if (before > 0 && left <= 0) setTimeout(() => child.kill("SIGKILL"), after);
  });
  const signal = await new Promise((resolve) => child.once("close", (_, by) => resolve(by)));
  expect([signal, errors]).toEqual(["SIGKILL", ""]);
}

it(`accounts whose move was killed are with their owner at the next start, facts and all (seed ${SEED})`, async () => {
  const random = seededRandom(SEED);
  const first = await openEmbedded({ directory, env: { SECUREBASE_LOG: "silent" } });
  const facts = ACCOUNTS.flatMap((account) =>
    Array.from({ length: FACTS }, (_, day) =>
      cost(
        `2024-09-${String(day + 1).padStart(2, "0")}`,
        { sub_account_id: account, billed_cost: "1" },
        { tenant: "unassigned" },
      ),
    ),
  );
  await load(first.services.metrics, [], { records: inBatches(facts, 500) });
  await addTenant(first.services, { id: "beta", name: "Beta" });
  const { claim } = await addTenant(first.services, { id: "alpha", name: "Alpha", accounts: ACCOUNTS });
  if (claim !== undefined) await first.services.jobs.ended(jobKey(claim));
  await first.close();

  const divisions = new Set<string>();
  for (let round = 0; round < 6; round++) {
    await changeAndKill(SEED * 100 + round, 1 + Math.floor(random() * 4), random() * 60);
    const next = await openEmbedded({ directory, env: { SECUREBASE_LOG: "silent" } });
    await next.finishClaims();
    const owners = await ownersByAccount(next.services);
    const held: Record<string, string> = {};
    for (const tenant of TENANTS) {
      const { rows } = await ask(next.services.metrics, { groupBy: ["account"] }, tenant);
      for (const [account, billed] of rows)
        held[String(account)] = `${held[String(account)] ?? ""}${tenant} ${String(billed)}`;
    }
    const expected = ACCOUNTS.map((account) => [account, `${owners.get(account) ?? "unassigned"} ${FACTS}`]);
    expect(held, `round ${round}`).toEqual(Object.fromEntries(expected));
    divisions.add(ACCOUNTS.map((account) => owners.get(account) ?? "").join());
    await next.close();
  }
  expect(divisions.size).toBeGreaterThan(1);
}, 120_000);
