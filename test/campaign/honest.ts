import { setTimeout as delay } from "node:timers/promises";
import { formatDecimal, parseDecimal } from "../../src/core/money/decimal.ts";
import { focusCsv, viewer } from "../runtimes/seed.ts";
import { tokenFor } from "../runtimes/target.ts";
import type { Chance } from "../support/random.ts";
import type { Server } from "./server.ts";

export const HONEST = "honest";
export const HONEST_ACCOUNT = "600000000001";
/** In names of the honest tenant's services: an answer to anybody else that holds it is a leak. */
export const SECRET_NAME = "Confidential";
const SERVICES = 5;
const DAYS = 30;
const YEAR_OF_SECONDS = 365 * 86_400;

const serviceName = (service: number): string => `${SECRET_NAME} service ${service}`;
const amountOf = (day: number, service: number): string =>
  `${day * 7 + service}.0${service}000000000000${day + 10}`;

/** A month of which everything is known. */
export function honestBill(): string {
  return focusCsv(
    Array.from({ length: DAYS * SERVICES }, (_, i) => {
      const [day, service] = [Math.floor(i / SERVICES) + 1, i % SERVICES];
      return { account: HONEST_ACCOUNT, service: serviceName(service), day, billed: amountOf(day, service) };
    }),
  );
}

export interface HonestOutcome {
  answers: number;
  /** Answers that were not right, and refusals that should not have been. */
  wrong: string[];
  /** 503 with Retry-After. */
  refused: number;
  /** Milliseconds. */
  latencies: number[];
}

/** Somebody who asks what is known, again and again, whatever others do to the server. */
export class HonestClient {
  readonly outcome: HonestOutcome = { answers: 0, wrong: [], refused: 0, latencies: [] };
  readonly #server: Server;
  readonly #chance: Chance;
  #stopped = false;
  #done: Promise<void> | undefined;

  constructor(server: Server, chance: Chance) {
    this.#server = server;
    this.#chance = chance;
  }

  start(): void {
    this.#done = this.#ask();
  }

  async stop(): Promise<HonestOutcome> {
    this.#stopped = true;
    await this.#done;
    return this.outcome;
  }

  async #ask(): Promise<void> {
    while (!this.#stopped) {
      if (this.#server.up) await this.#question();
      // Five questions a second are well within what a tenant may ask.
      await delay(200);
    }
  }

  async #question(): Promise<void> {
    const from = 1 + this.#chance.below(DAYS);
    const to = from + 1 + this.#chance.below(DAYS + 1 - from);
    const { target, restarts } = this.#server;
    const token = await tokenFor(target, viewer(HONEST), YEAR_OF_SECONDS);
    const day = (number: number): string => new Date(Date.UTC(2024, 8, number)).toISOString().slice(0, 10);
    const query = new URLSearchParams({
      dataset: "cost",
      from: day(from),
      to: day(to),
      groupBy: "service",
      sort: "service",
      measures: "billed_cost",
    });
    const about = `days ${from} to ${to}`;
    const begun = performance.now();
    try {
      const answer = await fetch(`${target.baseUrl}/v1/analytics?${query.toString()}`, {
        headers: { authorization: `Bearer ${token}` },
        signal: AbortSignal.timeout(60_000),
      });
      const text = await answer.text();
      if (answer.status === 503 && Number(answer.headers.get("retry-after")) > 0) {
        this.outcome.refused += 1;
        return;
      }
      this.outcome.latencies.push(performance.now() - begun);
      this.outcome.answers += 1;
      if (answer.status !== 200) this.outcome.wrong.push(`${about}: ${answer.status} ${text.slice(0, 300)}`);
      else this.#check(about, from, to, JSON.parse(text) as { rows: unknown[][] });
    } catch (error) {
      // The end of a server that was killed while it answered is noticed a moment later than the connection's.
      await delay(500);
      const sameServer = this.#server.isUpSince(restarts);
      if (sameServer) this.outcome.wrong.push(`${about}: ${String(error)}`);
    }
  }

  #check(about: string, from: number, to: number, { rows }: { rows: unknown[][] }): void {
    const expected = Array.from({ length: SERVICES }, (_, service) => {
      let sum = 0n;
      for (let day = from; day < to; day++) sum += parseDecimal(amountOf(day, service));
      return [serviceName(service), formatDecimal(sum)];
    });
    if (JSON.stringify(rows) !== JSON.stringify(expected))
      this.outcome.wrong.push(`${about}: ${JSON.stringify(rows)}`);
  }
}
