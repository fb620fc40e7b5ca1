import { connect } from "node:net";
import { setTimeout as delay } from "node:timers/promises";
import { admin, analyst, viewer } from "../runtimes/seed.ts";
import { tokenFor } from "../runtimes/target.ts";
import type { Chance } from "../support/random.ts";
import { strangeFile, strangeForm } from "./files.ts";
import { HONEST, SECRET_NAME } from "./honest.ts";
import { RandomRequests } from "./requests.ts";
import type { Server } from "./server.ts";

export const ATTACKERS = ["mallory", "trudy", "eve"] as const;
export const accountOf = (attacker: number): string => `40000000000${attacker}`;

export interface Attacked {
  requests: number;
  byStatus: Record<number, number>;
  /** Answers that no request may get, each with what was asked. */
  faults: string[];
}

/** Whoever sends random requests, strange files and half of what they promised, as one of three tenants or nobody. */
export class Attacker {
  readonly #server: Server;
  readonly #chance: Chance;
  readonly #requests: RandomRequests;
  readonly #attacked: Attacked;

  constructor(server: Server, chance: Chance, attacked: Attacked) {
    this.#server = server;
    this.#chance = chance;
    this.#requests = new RandomRequests(chance.branch());
    this.#attacked = attacked;
  }

  async run(until: AbortSignal): Promise<void> {
    while (!until.aborted) {
      if (!this.#server.up) {
        await delay(50);
        continue;
      }
      const what = this.#chance.below(10);
      if (what < 6) await this.#randomRequest();
      else if (what < 8) await this.#strangeImport();
      else if (what < 9) await this.#leaveEarly();
      else await this.#halfARequest();
      await delay(this.#chance.below(20));
    }
  }

  async #randomRequest(): Promise<void> {
    const { route, method, path, headers, body } = this.#requests.next();
    // What belongs to others is asked for, but an operator may do anything to anybody.
    const as = route === "addTenant" ? undefined : this.#somebody();
    await this.#send(method, path, { ...headers, ...(await this.#authorization(as)) }, body);
  }

  async #strangeImport(): Promise<void> {
    const attacker = this.#chance.below(ATTACKERS.length);
    const file = strangeFile(this.#chance, accountOf(attacker));
    const form = this.#chance.of(0.3)
      ? strangeForm(this.#chance, file)
      : { body: file, type: "application/octet-stream" };
    const headers = {
      "content-type": form.type,
      ...(await this.#authorization(admin(ATTACKERS[attacker] ?? ""))),
    };
    const format = this.#chance.of(0.3)
      ? `&format=${this.#chance.pick(["focus", "cur", "asff", "ocsf", "prowler", "cloudtrail"])}`
      : "";
    await this.#send(
      "POST",
      `/v1/imports?name=${encodeURIComponent(this.#chance.pick(["a.csv", "b.json", "c.parquet", "../x"]))}${format}`,
      headers,
      form.body,
    );
  }

  /** Asks for something that takes long, and goes before it comes. */
  async #leaveEarly(): Promise<void> {
    const query = {
      dataset: "cost",
      range: { from: "2024-01-01", to: "2024-12-31" },
      groupBy: ["day", "service", "region"],
    };
    const export_ = this.#chance.of(0.5);
    const body = JSON.stringify(
      export_ ? { format: this.#chance.pick(["pdf", "xlsx", "csv"]), query } : query,
    );
    const headers = { "content-type": "application/json", ...(await this.#authorization(this.#somebody())) };
    const gone = AbortSignal.timeout(1 + this.#chance.below(40));
    await this.#send("POST", export_ ? "/v1/analytics/export" : "/v1/analytics/query", headers, body, gone);
  }

  /** Opens a connection, sends part of a request and goes, or stays without a word. */
  async #halfARequest(): Promise<void> {
    const { hostname, port } = new URL(this.#server.target.baseUrl);
    const whole = `POST /v1/imports HTTP/1.1\r\nhost: x\r\ncontent-length: 100000\r\ncontent-type: application/octet-stream\r\n\r\n${"x".repeat(500)}`;
    const socket = connect(Number(port), hostname);
    const stays = this.#chance.of(0.1);
    await new Promise<void>((resolve) => {
      socket.once("error", () => resolve());
      socket.once("connect", () => {
        socket.write(whole.slice(0, this.#chance.below(whole.length)), () => resolve());
      });
    });
    socket.on("error", () => undefined);
    if (stays) setTimeout(() => socket.destroy(), 20_000).unref();
    else socket.destroy();
  }

  #somebody(): object | undefined {
    const tenant = this.#chance.pick(ATTACKERS);
    const role = this.#chance.pick([admin, analyst, viewer]);
    return this.#chance.of(0.95) ? role(tenant) : undefined;
  }

  async #authorization(as: object | undefined): Promise<Record<string, string>> {
    if (as === undefined) return {};
    return { authorization: `Bearer ${await tokenFor(this.#server.target, as, 300 * 86_400)}` };
  }

  async #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    body?: string | Buffer,
    signal?: AbortSignal,
  ): Promise<void> {
    const { target } = this.#server;
    this.#attacked.requests += 1;
    try {
      const answer = await fetch(`${target.baseUrl}${path}`, {
        method,
        headers,
        ...(body !== undefined && { body: typeof body === "string" ? body : new Uint8Array(body) }),
        redirect: "manual",
        signal: AbortSignal.any([AbortSignal.timeout(120_000), ...(signal === undefined ? [] : [signal])]),
      });
      const text = await answer.text();
      await this.#judge(`${method} ${path.slice(0, 200)} ${String(body).slice(0, 300)}`, answer, text);
    } catch {
      // It left early, the server was killed, or the request cannot be sent at all.
    }
  }

  async #judge(asked: string, answer: Response, text: string): Promise<void> {
    const { byStatus, faults } = this.#attacked;
    byStatus[answer.status] = (byStatus[answer.status] ?? 0) + 1;
    const refused = answer.status === 503 && Number(answer.headers.get("retry-after")) > 0;
    // The health check answers 503 with what is wrong.
    if (answer.status >= 500 && !refused && !asked.includes("/v1/health")) {
      const log = await this.#server.logOf(answer.headers.get("x-request-id") ?? "");
      faults.push(`${answer.status}: ${asked}: ${text.slice(0, 500)} ${log.slice(0, 2_000)}`);
    }
    if (text.includes(SECRET_NAME)) faults.push(`what belongs to ${HONEST} was shown: ${asked}`);
    if (text.includes(this.#server.directory))
      faults.push(`the server's path was shown: ${asked}: ${text.slice(0, 500)}`);
    if (text.startsWith("{") && text.length < 100_000) this.#requests.learn(parsed(text));
  }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
