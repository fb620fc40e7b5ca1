import type { MetricStore } from "../../src/ports/metric-store.ts";
import type { RecordSpace, RecordStore } from "../../src/ports/records.ts";

/** Ends what a process does to its stores at one of its calls: that one and all after it fail. */
export class Death {
  #left: number;
  readonly #answered: boolean;
  /** Whether it came to that call. */
  came = false;

  /** @param calls that get through before @param answered whether the call is carried out that nobody hears of */
  constructor(calls = Number.POSITIVE_INFINITY, answered = false) {
    this.#left = calls;
    this.#answered = answered;
  }

  of<T extends MetricStore | RecordSpace>(store: T): T {
    return new Proxy(store, {
      get: (target, name, receiver) => {
        const member: unknown = Reflect.get(target, name, receiver);
        if (typeof member !== "function" || name === "forTenant") return member;
        return async (...args: unknown[]): Promise<unknown> => {
          const call = (): unknown => Reflect.apply(member, target, args);
          if (this.#left-- > 0) return call();
          if (!this.came && this.#answered) await call();
          this.came = true;
          throw new Error("the process has died");
        };
      },
    });
  }

  ofRecords(records: RecordStore): RecordStore {
    return { forTenant: (tenant) => this.of(records.forTenant(tenant)), service: this.of(records.service) };
  }
}
