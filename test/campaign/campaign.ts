import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { OPERATOR } from "../runtimes/seed.ts";
import { ask, type AskOptions } from "../runtimes/target.ts";
import { Chance } from "../support/random.ts";
import { accountOf, Attacker, ATTACKERS, type Attacked } from "./attackers.ts";
import { HONEST, HONEST_ACCOUNT, honestBill, HonestClient } from "./honest.ts";
import { KEEPER, Ledger, MOVING, movingBill, NEIGHBOUR, STAYING } from "./ledger.ts";
import { Server } from "./server.ts";

/** A server takes more than this when it holds what it need not: 2 GB for the engine, and its own. */
export const MEMORY_BOUND_MB = 3_000;
/** Milliseconds within which 95 of 100 honest questions are answered, on a machine of two cores. */
export const P95_BOUND = 250;

export interface CampaignOptions {
  seed: number;
  seconds: number;
  /** How the server is started. */
  program: "built" | "source";
  attackers: number;
  /** A data folder to begin with a copy of, as `prepareFolder` makes it; one is made when not given. */
  folder?: string;
  /** Told what happens to the server. */
  onEvent?: (text: string) => void;
}

export interface CampaignReport {
  seed: number;
  seconds: number;
  requests: number;
  byStatus: Record<number, number>;
  kills: number;
  acknowledged: number;
  honest: { answers: number; refused: number; p50: number; p95: number };
  peakMemoryMb: number;
  /** What must not have happened, each in a sentence. */
  failures: string[];
}

/** Attacks a server of its own for a while, and reports what it withstood. */
export async function runCampaign(options: CampaignOptions): Promise<CampaignReport> {
  const directory = mkdtempSync(join(tmpdir(), "securebase-campaign-"));
  const server = new Server(directory, options.program);
  try {
    if (options.folder === undefined) await prepare(server);
    else {
      cpSync(options.folder, directory, { recursive: true });
      await server.start();
    }
    return await new Campaign(server, options).run();
  } finally {
    await server.kill();
    rmSync(directory, { recursive: true, force: true });
  }
}

/** A data folder with the tenants of a campaign and their bills, for campaigns to begin with a copy of. */
export async function prepareFolder(directory: string, program: CampaignOptions["program"]): Promise<void> {
  const server = new Server(directory, program);
  await prepare(server);
  await server.terminate();
}

/** Starts a server and has it hold all that the campaign knows. */
async function prepare(server: Server): Promise<void> {
  await server.start();
  const send = async (line: string, options: AskOptions): Promise<void> => {
    const { status, bytes } = await ask(server.target, line, { as: OPERATOR, ...options });
    if (status > 202) throw new Error(`${line} was not done: ${bytes.toString()}`);
  };
  const add = (id: string, accounts: readonly string[]): Promise<void> =>
    send("POST /v1/tenants", { body: { id, name: id, accounts } });
  await add(HONEST, [HONEST_ACCOUNT]);
  for (const [i, id] of ATTACKERS.entries()) await add(id, [accountOf(i)]);
  await add(KEEPER, [STAYING, ...MOVING]);
  await add(NEIGHBOUR, []);
  await send("POST /v1/imports?name=honest.csv", { raw: honestBill() });
  await send("POST /v1/imports?name=moving.csv", { raw: movingBill() });
}

class Campaign {
  readonly #server: Server;
  readonly #options: CampaignOptions;
  readonly #chance: Chance;
  readonly #ledger: Ledger;
  readonly #honest: HonestClient;
  readonly #attacked: Attacked = { requests: 0, byStatus: {}, faults: [] };
  #kills = 0;

  constructor(server: Server, options: CampaignOptions) {
    this.#server = server;
    this.#options = options;
    this.#chance = new Chance(options.seed);
    this.#ledger = new Ledger(server, this.#chance.branch());
    this.#honest = new HonestClient(server, this.#chance.branch());
  }

  async run(): Promise<CampaignReport> {
    const { seconds, attackers } = this.#options;
    const over = new AbortController();
    const others = Array.from({ length: attackers }, () =>
      new Attacker(this.#server, this.#chance.branch(), this.#attacked).run(over.signal),
    );
    const watching = setInterval(() => this.#server.watchMemory(), 250);
    await this.#ledger.settled();
    this.#honest.start();
    const end = Date.now() + seconds * 1_000;
    while (Date.now() < end) await this.#turn();
    over.abort();
    await Promise.all(others);
    await this.#checkAfterRestart();
    clearInterval(watching);
    return this.#report(await this.#honest.stop());
  }

  /** Some seconds of attacks and acknowledged writes, and what happens to the server at their end. */
  async #turn(): Promise<void> {
    const length = Math.min(2_000 + this.#chance.below(5_000), this.#options.seconds * 400);
    const end = Date.now() + length;
    const what = this.#chance.below(10);
    if (what < 2) {
      const hours = this.#chance.pick([-24 * 30, -2, -1, 1, 24, 24 * 30]);
      this.#say(`the clock moves by ${hours} hours`);
      this.#server.moveClock(hours * 3_600_000);
    }
    const giveRoom = what === 2 ? this.#fillDisk() : undefined;
    while (Date.now() < end) {
      await this.#ledger.write();
      await delay(this.#chance.below(20));
    }
    giveRoom?.();
    if (what >= 4 && what < 9) await this.#killMidway(what === 8);
    else if (this.#chance.of(0.3)) await this.#ledger.check();
  }

  #fillDisk(): () => void {
    this.#say("the disk is full");
    return this.#server.fillDisk();
  }

  /** Ends the server while a write is under way, starts it again and looks for everything that was acknowledged. */
  async #killMidway(gently: boolean): Promise<void> {
    this.#say(gently ? "the server is asked to end" : "the server is killed");
    const writing = this.#ledger.write();
    await delay(this.#chance.below(30));
    await (gently ? this.#server.terminate() : this.#server.kill());
    await writing;
    this.#kills += 1;
    await this.#server.restart();
    await this.#ledger.check();
  }

  async #checkAfterRestart(): Promise<void> {
    await this.#server.kill();
    this.#kills += 1;
    await this.#server.restart();
    await this.#ledger.check();
  }

  #say(text: string): void {
    this.#options.onEvent?.(text);
  }

  #report(honest: HonestClient["outcome"]): CampaignReport {
    const { seed, seconds } = this.#options;
    const { requests, byStatus, faults } = this.#attacked;
    const sorted = [...honest.latencies].sort((a, b) => a - b);
    const quantile = (share: number): number => Math.round(sorted[Math.floor(share * sorted.length)] ?? 0);
    const { peakMemoryMb, crashes } = this.#server;
    const [p50, p95] = [quantile(0.5), quantile(0.95)];
    const failures = [
      ...crashes,
      ...faults,
      ...this.#ledger.losses,
      ...honest.wrong.map((text) => `the honest client got a wrong answer: ${text}`),
    ];
    if (honest.answers === 0) failures.push("the honest client got no answer");
    if (peakMemoryMb > MEMORY_BOUND_MB) failures.push(`the server took ${peakMemoryMb} MB`);
    return {
      seed,
      seconds,
      requests,
      byStatus,
      kills: this.#kills,
      acknowledged: this.#ledger.acknowledged,
      honest: { answers: honest.answers, refused: honest.refused, p50, p95 },
      peakMemoryMb,
      failures: fewOfEach(failures),
    };
  }
}

/** At most three of those that begin alike, and how many more there are. */
function fewOfEach(failures: readonly string[]): string[] {
  const counts = new Map<string, number>();
  const shown = failures.filter((text) => {
    const kind = text.slice(0, 25);
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count <= 3;
  });
  const more = [...counts].filter(([, count]) => count > 3);
  return [...shown, ...more.map(([kind, count]) => `${count - 3} more like "${kind}…"`)];
}
