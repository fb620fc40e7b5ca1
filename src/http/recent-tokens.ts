import type { JWTPayload } from "jose";
import type { Principal } from "../core/access/access.ts";
import type { Clock } from "../ports/clock.ts";

/** Seconds for which a token that was verified is believed again: as long as a withdrawn key may still be. */
const BELIEVED_SECONDS = 60;
/** Tokens kept; the oldest goes for a new one. */
const MOST = 1_000;

interface Known {
  principal: Principal;
  /** Milliseconds since 1970, between which it needs no other look. */
  from: number;
  until: number;
}

/**
 * Tokens that were verified a moment ago. Clients send the same one with every request, and verifying it takes longer
 * than all else that a remembered answer takes.
 */
export class RecentTokens {
  readonly #clock: Clock;
  readonly #known = new Map<string, Known>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @returns undefined for one that has to be verified, as it may have expired by now */
  find(token: string): Principal | undefined {
    const known = this.#known.get(token);
    if (known === undefined) return undefined;
    const now = this.#clock.now().getTime();
    if (now >= known.from && now < known.until) return known.principal;
    this.#known.delete(token);
    return undefined;
  }

  /** @param payload of the token, as it was verified just now */
  keep(token: string, { exp = 0 }: JWTPayload, principal: Principal): Principal {
    const from = this.#clock.now().getTime();
    const until = Math.min(exp, from / 1000 + BELIEVED_SECONDS) * 1000;
    this.#known.set(token, { principal, from, until });
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= MOST) break;
      this.#known.delete(oldest);
    }
    return principal;
  }
}
