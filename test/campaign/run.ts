/**
 * Attacks a server for as long as wanted: random requests, strange files, kills, a full disk, a clock that jumps, clients
 * that leave, while an honest client of another tenant asks known questions. Exit code 1 when anything was lost, leaked
 * or answered wrongly. A seed repeats the same attack; what runs side by side is still up to the machine.
 *
 *     npm run campaign -- [--seed N] [--minutes M] [--runs K] [--attackers N]
 *
 * With `--runs`, so many campaigns with seeds from N on, each of M minutes.
 */
import { parseArgs } from "node:util";
import { P95_BOUND, runCampaign } from "./campaign.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "5" },
    runs: { type: "string", default: "1" },
    attackers: { type: "string", default: "4" },
  },
});

let failed = 0;
for (let run = 0; run < Number(values.runs); run++) {
  const report = await runCampaign({
    seed: Number(values.seed) + run,
    seconds: Number(values.minutes) * 60,
    program: "built",
    attackers: Number(values.attackers),
    onEvent: (text) => process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`),
  });
  const late = report.honest.p95 > P95_BOUND ? [`p95 was ${report.honest.p95} ms`] : [];
  const failures = [...report.failures, ...late];
  if (failures.length > 0) failed += 1;
  console.log(JSON.stringify({ ...report, failures }));
}
console.log(`${values.runs} campaigns from seed ${values.seed}, ${failed} with failures`);
process.exitCode = failed > 0 ? 1 : 0;
