import { MemoryRateLimiter } from "../../src/http/rate-limit.ts";
import { rateLimiterCases } from "../conformance/rate-limiter.case.ts";

rateLimiterCases("in this process", (clock) =>
  Promise.resolve({ store: new MemoryRateLimiter(clock), close: () => undefined }),
);
