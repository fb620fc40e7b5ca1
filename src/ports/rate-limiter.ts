/** What a request took from its budget. */
export interface Taken {
  allowed: boolean;
  /** Requests left in the window, this one counted. */
  remaining: number;
  /** Seconds until the budget is whole again. */
  resetSeconds: number;
}

/** Counts requests in windows of time. Refused requests take nothing. */
export interface RateLimiter {
  /** Takes one from the budget of `key`, which has `limit` in a window of `windowSeconds`. */
  take(key: string, limit: number, windowSeconds: number): Promise<Taken>;
}
