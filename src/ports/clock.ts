/** Time as a parameter: tests set it, nothing reads the machine's clock behind a caller's back. */
export interface Clock {
  now(): Date;
}

/** New unique ids: 128 bits, URL-safe, sortable by creation time (UUIDv7, RFC 9562), never repeated within a process. */
export interface Ids {
  next(): string;
}

/** Milliseconds since some instant, on a clock that never steps: for intervals, not for dates. */
export type Elapsed = () => number;
