/**
 * A process that has accounts change hands without end, telling each change on a line, so that a test may kill it
 * anywhere.
 * Arguments: folder, seed.
 */
import { listTenants } from "../../src/app/tenants/registry.ts";
import { updateTenant } from "../../src/app/tenants/tenants.ts";
import { jobKey } from "../../src/core/jobs/key.ts";
import { openEmbedded } from "../../src/runtimes/embedded.ts";
import { seededRandom } from "../support/random.ts";

const [directory = "", seed = "0"] = process.argv.slice(2);
const random = seededRandom(Number(seed));
const runtime = await openEmbedded({ directory, env: { SECUREBASE_LOG: "silent" } });
await runtime.finishClaims();
const { services } = runtime;
for (;;) {
  const tenants = await listTenants(services);
  const giver = tenants[Math.floor(random() * tenants.length)];
  const taker = tenants[Math.floor(random() * tenants.length)];
  if (giver === undefined || taker === undefined) throw new Error("there are no tenants");
  const moving = giver.accounts.filter(() => random() < 0.5);
  const kept = giver.accounts.filter((account) => !moving.includes(account));
  for (const [id, accounts] of [
    [giver.id, kept],
    [taker.id, [...(taker.id === giver.id ? kept : taker.accounts), ...moving]],
  ] as const) {
    const { claim } = await updateTenant(services, id, { accounts });
    process.stdout.write(`${id}\n`);
    if (claim !== undefined) await services.jobs.ended(jobKey(claim));
  }
}
