/**
 * Attacks a server for as long as wanted: random requests, strange files, kills, a full disk, a clock that jumps, clients
 * that leave, while an honest client of another tenant asks known questions. Exit code 1 when anything was lost, leaked
 * or answered wrongly. A seed repeats the same attack; what runs side by side is still up to the machine.
 *
 *     npm run campaign -- [--seed N] [--minutes M] [--attackers N]
 *     npm run campaign -- --runs K [--seed N] [--minutes M] [--side-by-side P]
 *
 * With `--runs`, so many campaigns with seeds from N on, each of M minutes, P of them at once.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { P95_BOUND, prepareFolder, runCampaign } from "./campaign.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string", default: "1" },
    minutes: { type: "string", default: "5" },
    runs: { type: "string", default: "1" },
    attackers: { type: "string", default: "4" },
    "side-by-side": { type: "string", default: "1" },
  },
});
const [first, runs, sideBySide] = [values.seed, values.runs, values["side-by-side"]].map(Number) as [
  number,
  number,
  number,
];

const folder = mkdtempSync(join(tmpdir(), "securebase-campaigns-"));
await prepareFolder(folder, "built");
let next = first;
let failed = 0;
const work = async (): Promise<void> => {
  while (next < first + runs) {
    const report = await runCampaign({
      seed: next++,
      seconds: Number(values.minutes) * 60,
      program: "built",
      folder,
      attackers: Number(values.attackers),
      onEvent: (text) => {
        if (runs === 1) process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${text}\n`);
      },
    });
    // Campaigns side by side share the machine, which the bound is not meant for.
    const late = runs === 1 && report.honest.p95 > P95_BOUND ? [`p95 was ${report.honest.p95} ms`] : [];
    const failures = [...report.failures, ...late];
    if (failures.length > 0) failed += 1;
    console.log(JSON.stringify({ ...report, failures }));
  }
};
try {
  await Promise.all(Array.from({ length: sideBySide }, work));
} finally {
  rmSync(folder, { recursive: true, force: true });
}
console.log(`${runs} campaigns with seeds from ${first} to ${first + runs - 1}, ${failed} with failures`);
process.exitCode = failed > 0 ? 1 : 0;
