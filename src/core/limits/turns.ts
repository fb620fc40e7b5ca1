import { DomainError } from "../errors/errors.ts";

/** How many have a turn at once, and how many wait for one. */
export interface TurnLimits {
  /** In all. */
  atOnce: number;
  /** Of one owner, fewer than in all where another is never to wait for this one alone. */
  ofOne: number;
  /** Of background work, of all owners together; as many as in all when not given. An owner's leaves one to the own people. */
  background?: number;
  /** Waiting in all: a single owner may have that many, and of several each its share. None is refused when not given. */
  waiting?: number;
}

/** Who wants a turn. */
export interface Claimant {
  /** Whose work it is. */
  owner: string;
  /** Waits apart from the owner's other work. */
  background?: boolean;
}

interface Waiting extends Claimant {
  begin: () => void;
}

/** Waiting that an owner may always have: a dashboard asks about a dozen questions side by side. */
const LEAST_SHARE = 20;
const RETRY_SECONDS = 2;

/**
 * Hands out turns at something scarce, a few at a time. Who has to wait does so in the own queue, and the queues are
 * served in rotation: whoever asks for much waits for the own work, not others for it.
 */
export class Turns {
  readonly #limits: TurnLimits;
  /** The queue that was served last is at the end. None is empty. */
  readonly #queues = new Map<string, Waiting[]>();
  readonly #taken: Claimant[] = [];

  constructor(limits: TurnLimits) {
    this.#limits = limits;
  }

  /**
   * Does some work in a turn of its own. It must not ask for another one within it.
   * @throws as `take`, and what the work throws
   */
  async run<T>(claimant: Claimant, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    const end = await this.take(claimant, signal);
    try {
      return await work();
    } finally {
      end();
    }
  }

  /**
   * Waits for a turn.
   * @returns ends the turn
   * @throws DomainError `store.busy` when too many wait already; the signal's reason when aborted before the turn came
   */
  async take(claimant: Claimant, signal?: AbortSignal): Promise<() => void> {
    signal?.throwIfAborted();
    if (this.#hasRoom(claimant)) this.#taken.push(claimant);
    else await this.#wait(claimant, signal);
    return () => {
      const at = this.#taken.indexOf(claimant);
      if (at !== -1) this.#taken.splice(at, 1);
      this.#serve();
    };
  }

  #wait(claimant: Claimant, signal: AbortSignal | undefined): Promise<void> {
    const name = queueOf(claimant);
    const queue = this.#queues.get(name) ?? [];
    if (queue.length >= this.#shareOf(name)) throw busy();
    this.#queues.set(name, queue);
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        queue.splice(queue.indexOf(waiting), 1);
        if (queue.length === 0) this.#queues.delete(name);
        reject(signal?.reason as Error);
      };
      const waiting: Waiting = {
        ...claimant,
        begin: () => {
          signal?.removeEventListener("abort", leave);
          this.#taken.push(claimant);
          resolve();
        },
      };
      signal?.addEventListener("abort", leave, { once: true });
      queue.push(waiting);
    });
  }

  #shareOf(name: string): number {
    const { waiting = Number.POSITIVE_INFINITY } = this.#limits;
    const queues = this.#queues.size + (this.#queues.has(name) ? 0 : 1);
    return Math.max(Math.floor(waiting / queues), Math.min(waiting, LEAST_SHARE));
  }

  /** Begins what there is room for, one of each queue in rotation. */
  #serve(): void {
    for (let served = true; served;) {
      served = false;
      for (const [name, queue] of [...this.#queues]) {
        const [first] = queue;
        if (first === undefined || !this.#hasRoom(first)) continue;
        queue.shift();
        this.#queues.delete(name);
        if (queue.length > 0) this.#queues.set(name, queue);
        first.begin();
        served = true;
      }
    }
  }

  #hasRoom({ owner, background = false }: Claimant): boolean {
    const { atOnce, ofOne, background: mostBackground = atOnce } = this.#limits;
    const count = (which: (taken: Claimant) => boolean): number => this.#taken.filter(which).length;
    if (this.#taken.length >= atOnce || count((taken) => taken.owner === owner) >= ofOne) return false;
    if (!background) return true;
    const jobs = this.#taken.filter((taken) => taken.background === true);
    const own = jobs.filter((taken) => taken.owner === owner);
    return jobs.length < mostBackground && own.length < Math.max(1, ofOne - 1);
  }
}

function queueOf({ owner, background = false }: Claimant): string {
  return JSON.stringify([owner, background]);
}

function busy(): DomainError {
  return new DomainError("store.busy", "unavailable", "Too many questions are waiting to be answered", {
    fix: "Try again in a few seconds, with fewer at once.",
    retryAfter: RETRY_SECONDS,
  });
}
