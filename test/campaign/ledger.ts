import { setTimeout as delay } from "node:timers/promises";
import { admin, focusCsv, OPERATOR, SEPTEMBER } from "../runtimes/seed.ts";
import { tokenFor } from "../runtimes/target.ts";
import type { Chance } from "../support/random.ts";
import type { Server } from "./server.ts";

export const KEEPER = "keeper";
/** The accounts that change hands between the keeper and its neighbour. */
export const MOVING = ["500000000001", "500000000002", "500000000003"];
/** The account that stays, of which the keeper loads bills. */
export const STAYING = "500000000009";
export const NEIGHBOUR = "neighbour";
const TITLES = 6;

/** A bill of the accounts that change hands: a dollar, two and four a day, for three days. */
export function movingBill(): string {
  return focusCsv(
    MOVING.flatMap((account, i) =>
      [1, 2, 3].map((day) => ({ account, service: "Moving", day, billed: String(2 ** i) })),
    ),
  );
}

interface Answer {
  status: number;
  etag: string | null;
  json: unknown;
}

/**
 * Somebody who writes, and remembers what was acknowledged. What a write that was not answered has left behind is either
 * of the two, so each thing has a list of states that it may be in.
 */
export class Ledger {
  readonly losses: string[] = [];
  acknowledged = 0;
  readonly #server: Server;
  readonly #chance: Chance;
  /** Reports by id: the titles they may have; null: it may be gone. */
  readonly #reports = new Map<string, (string | null)[]>();
  /** What the keeper's own bill of a month may amount to; null: it may not be there. */
  readonly #bills = new Map<string, (string | null)[]>();
  /** Who may have an account. */
  readonly #owners = new Map<string, string[]>();
  #count = 0;

  constructor(server: Server, chance: Chance) {
    this.#server = server;
    this.#chance = chance;
    for (const account of MOVING) this.#owners.set(account, [KEEPER]);
  }

  /** One write. Where it is not answered, both what was and what was to be are possible from then on. */
  async write(): Promise<void> {
    if (!this.#server.up) return;
    const what = this.#chance.below(10);
    if (what < 3 || this.#reports.size === 0) await this.#addReport();
    else if (what < 5) await this.#changeReport();
    else if (what < 6) await this.#removeReport();
    else if (what < 8) await this.#loadBill();
    else await this.#moveAccount();
  }

  async #addReport(): Promise<void> {
    const title = `Report ${++this.#count} of ${this.#chance.below(TITLES)}`;
    const answer = await this.#send("POST", "/v1/reports", admin(KEEPER), reportOf(title));
    if (answer?.status !== 201) return;
    this.acknowledged += 1;
    this.#reports.set((answer.json as { id: string }).id, [title]);
  }

  async #changeReport(): Promise<void> {
    const found = this.#anyReport();
    if (found === undefined) return;
    const path = `/v1/reports/${found.id}`;
    const now = await this.#send("GET", path, admin(KEEPER));
    if (now?.status !== 200 || now.etag === null) return;
    const title = `Report ${++this.#count}, changed`;
    const answer = await this.#send("PUT", path, admin(KEEPER), reportOf(title), { "if-match": now.etag });
    this.#settle(this.#reports, found.id, title, answer?.status === 200, answer?.status);
  }

  async #removeReport(): Promise<void> {
    const found = this.#anyReport();
    if (found === undefined) return;
    const answer = await this.#send("DELETE", `/v1/reports/${found.id}`, admin(KEEPER));
    this.#settle(this.#reports, found.id, null, answer?.status === 204, answer?.status);
  }

  async #loadBill(): Promise<void> {
    const month = this.#chance.pick(["2024-05", "2024-06", "2024-07"]);
    const amount = 1 + this.#chance.below(1_000_000);
    const bill = focusCsv(
      [1, 2].map((day) => ({ account: STAYING, service: "Own", day, month, billed: `${amount}.25` })),
    );
    const answer = await this.#send("POST", `/v1/imports?name=own-${month}.csv`, admin(KEEPER), bill);
    if (!this.#bills.has(month)) this.#bills.set(month, [null]);
    this.#settle(this.#bills, month, `${amount * 2}.5`, answer?.status === 200, answer?.status);
    if (answer?.status === 202) await this.settled();
  }

  async #moveAccount(): Promise<void> {
    const account = this.#chance.pick(MOVING);
    const to = this.#chance.pick([KEEPER, NEIGHBOUR]);
    const owned = MOVING.filter((each) => this.#owners.get(each)?.includes(to) === true && each !== account);
    // What is not known for sure is asked for again: claims are repeated until they are acknowledged.
    const from = to === KEEPER ? NEIGHBOUR : KEEPER;
    const others = MOVING.filter(
      (each) => this.#owners.get(each)?.includes(from) === true && each !== account,
    );
    const staying = (tenant: string): string[] => (tenant === KEEPER ? [STAYING] : []);
    const given = await this.#send("PUT", `/v1/tenants/${from}`, OPERATOR, {
      accounts: [...staying(from), ...others],
    });
    for (const each of MOVING) {
      if (others.includes(each) && given?.status === 200) this.#owners.set(each, [from]);
    }
    if (given?.status !== 200) {
      this.#owners.set(account, [...new Set([...(this.#owners.get(account) ?? []), from, "nobody"])]);
      return;
    }
    this.#owners.set(account, ["nobody"]);
    const taken = await this.#send("PUT", `/v1/tenants/${to}`, OPERATOR, {
      accounts: [...staying(to), ...owned, account],
    });
    if (taken?.status === 200) {
      this.acknowledged += 1;
      for (const each of [...owned, account]) this.#owners.set(each, [to]);
    } else this.#owners.set(account, ["nobody", to]);
  }

  /** Compares all there is with what was acknowledged; the server must be up and nobody writing. */
  async check(): Promise<void> {
    await this.settled();
    for (const [id, titles] of this.#reports) {
      const answer = await this.#ask("GET", `/v1/reports/${id}`, admin(KEEPER));
      this.#compare(this.#reports, id, `report ${id}`, titles, titleOf(answer));
    }
    for (const [month, amounts] of this.#bills) {
      const total = await this.#billed(KEEPER, { from: `${month}-01`, to: `${month}-03` });
      this.#compare(this.#bills, month, `the bill of ${month}`, amounts, total);
    }
    await this.#checkAccounts();
    for (const [id, titles] of this.#reports)
      if (titles.length === 1 && titles[0] === null) this.#reports.delete(id);
  }

  /** Waits until all jobs have ended: those that a kill cut off are taken up again, and none stays as it was. */
  async settled(): Promise<void> {
    for (let attempt = 0; attempt < 300; attempt++) {
      const open = await Promise.all([OPERATOR, admin(KEEPER)].map((as) => this.#openJobs(as)));
      if (open.every((jobs) => jobs === 0)) return;
      await delay(200);
    }
    this.losses.push("a job stays unfinished");
  }

  async #openJobs(as: object): Promise<number> {
    const { json } = await this.#ask("GET", "/v1/jobs?limit=20", as);
    const { items } = json as { items: { status: string }[] };
    return items.filter(({ status }) => status === "queued" || status === "running").length;
  }

  /** An account's registry entry and its facts are always with the same tenant, and nothing is lost or counted twice. */
  async #checkAccounts(): Promise<void> {
    const inRegistry = new Map<string, string>();
    for (const tenant of [KEEPER, NEIGHBOUR]) {
      const { json } = await this.#ask("GET", `/v1/tenants/${tenant}`, OPERATOR);
      for (const account of (json as { accounts: string[] }).accounts) inRegistry.set(account, tenant);
      const own = MOVING.filter((account) => inRegistry.get(account) === tenant);
      const expected = own.reduce((sum, account) => sum + 3 * 2 ** MOVING.indexOf(account), 0);
      const total = await this.#billed(tenant, SEPTEMBER);
      if ((total ?? "0") !== String(expected)) {
        this.losses.push(
          `${tenant} has the accounts ${own.join(", ")} and facts of ${total ?? "nothing"} instead of ${expected}`,
        );
      }
    }
    for (const [account, owners] of this.#owners) {
      this.#compare(this.#owners, account, `account ${account}`, owners, inRegistry.get(account) ?? "nobody");
    }
  }

  #compare<T extends string | null>(
    all: Map<string, T[]>,
    key: string,
    what: string,
    possible: readonly T[],
    now: T,
  ): void {
    if (!possible.includes(now))
      this.losses.push(`${what} is ${String(now)} instead of ${possible.map(String).join(" or ")}`);
    all.set(key, [now]);
  }

  #settle<T>(
    all: Map<string, T[]>,
    key: string,
    wanted: T,
    acknowledged: boolean,
    status: number | undefined,
  ): void {
    if (acknowledged) {
      this.acknowledged += 1;
      all.set(key, [wanted]);
    } else if (status === undefined || status >= 500 || status === 202)
      all.set(key, [...(all.get(key) ?? []), wanted]);
  }

  #anyReport(): { id: string } | undefined {
    const sure = [...this.#reports].filter(([, titles]) => titles.length === 1 && titles[0] !== null);
    return sure.length === 0 ? undefined : { id: this.#chance.pick(sure)[0] };
  }

  async #billed(tenant: string, range: { from: string; to: string }): Promise<string | null> {
    const query = new URLSearchParams({ dataset: "cost", ...range, measures: "billed_cost" });
    const { status, json } = await this.#ask("GET", `/v1/analytics?${query.toString()}`, admin(tenant));
    if (status !== 200) throw new Error(`${tenant}: ${JSON.stringify(json)}`);
    return (json as { rows: (string | null)[][] }).rows[0]?.[0] ?? null;
  }

  /** Asks until it is answered: whoever checks is patient. */
  async #ask(method: string, path: string, as: object): Promise<Answer> {
    for (let attempt = 0; attempt < 100; attempt++) {
      const answer = await this.#send(method, path, as);
      if (answer !== undefined && answer.status !== 503 && answer.status !== 429) return answer;
      await delay(200);
    }
    throw new Error(`${method} ${path} was not answered`);
  }

  /** Undefined where no answer came. */
  async #send(
    method: string,
    path: string,
    as: object,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer | undefined> {
    const { target } = this.#server;
    const token = await tokenFor(target, as, 300 * 86_400);
    const file = typeof body === "string";
    const type = file ? "application/octet-stream" : "application/json";
    try {
      const answer = await fetch(`${target.baseUrl}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { "content-type": type }),
          ...headers,
        },
        ...(body !== undefined && { body: file ? body : JSON.stringify(body) }),
        signal: AbortSignal.timeout(60_000),
      });
      const text = await answer.text();
      return {
        status: answer.status,
        etag: answer.headers.get("etag"),
        json: text.startsWith("{") ? JSON.parse(text) : undefined,
      };
    } catch {
      return undefined;
    }
  }
}

/** Null where there is no such report. */
function titleOf({ status, json }: Answer): string | null {
  if (status === 404) return null;
  const { definition } = json as { definition?: { title: string } };
  return definition?.title ?? `an answer of ${status}`;
}

function reportOf(title: string): object {
  const query = { dataset: "cost", groupBy: ["service"] };
  return {
    title,
    description: "",
    range: { preset: "30d" },
    sections: [{ kind: "table", id: "all", title: "All", detail: true, query }],
  };
}
