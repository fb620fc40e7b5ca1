import { MemoryRateLimiter } from "../../src/adapters/embedded/rate-limiter.ts";
import { rateLimiterCases } from "../conformance/rate-limiter.case.ts";

rateLimiterCases("in this process", (clock) =>
  Promise.resolve({
    store: new MemoryRateLimiter(() => clock.now().getTime()),
    close: () => undefined,
  }),
);
