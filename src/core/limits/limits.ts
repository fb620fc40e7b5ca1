import type { TurnLimits } from "./turns.ts";

/** A budget that fills up steadily: so many a minute, and so many at once after a quiet time. */
export interface Rate {
  perMinute: number;
  burst: number;
}

/** The budgets that every tenant has. */
export const RATE_NAMES = ["queries", "background", "exports", "report-changes", "imports"] as const;
export type RateName = (typeof RATE_NAMES)[number];

/** What one import, and what one tenant has of imports, may take. */
export interface ImportLimits {
  /** Bytes of an import's files once they are unpacked. */
  unpackedBytes: number;
  /** Unpacked bytes for each packed one, of imports that unpack to more than a gibibyte. */
  unpackedRatio: number;
  /** Rows of an import. */
  rows: number;
  /** Bytes of an import's facts as they are stored. */
  storedBytes: number;
  /** Rows that a tenant may have in the store. */
  tenantRows: number;
  /** Bytes that an owner's uploads may have which were not imported yet. */
  uploadBytes: number;
}

/** What one tenant, one request and one import may take of a service that others share. */
export interface Limits {
  rates: Readonly<Record<RateName, Rate>>;
  /** Questions that the embedded engine answers side by side, and those that wait for it. */
  engine: Required<TurnLimits>;
  imports: ImportLimits;
  /** Seconds after which a request is ended of which nothing more arrives. However slow, it may take hours. */
  stallSeconds: number;
  /** Seconds that requests under way have when the server is to stop. */
  shutdownSeconds: number;
}

const evenly = (perMinute: number): Rate => ({ perMinute, burst: perMinute });

export const DEFAULT_LIMITS: Limits = {
  rates: {
    // Questions to the store: those of people, and those of jobs, which wait where people are refused.
    queries: { perMinute: 600, burst: 100 },
    background: { perMinute: 600, burst: 100 },
    // Requests.
    exports: evenly(20),
    "report-changes": evenly(50),
    imports: evenly(120),
  },
  engine: { atOnce: 4, ofOne: 2, background: 2, waiting: 400 },
  imports: {
    unpackedBytes: 200 * 2 ** 30,
    unpackedRatio: 100,
    rows: 500_000_000,
    storedBytes: 50 * 2 ** 30,
    tenantRows: 5_000_000_000,
    uploadBytes: 200 * 2 ** 30,
  },
  stallSeconds: 60,
  shutdownSeconds: 10,
};
