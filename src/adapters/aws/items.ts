import { deflateRawSync, inflateRawSync } from "node:zlib";
import type { Item } from "./dynamo.ts";

/** Text as a string attribute. */
export const text = (value: string): { S: string } => ({ S: value });
export const number = (value: number): { N: string } => ({ N: String(value) });

export function textOf(item: Item, name: string): string | undefined {
  return item[name]?.S;
}

export function numberOf(item: Item, name: string): number | undefined {
  const value = item[name]?.N;
  return value === undefined ? undefined : Number(value);
}

/** A value as compressed JSON: capacity is counted by size, and records are text that compresses well. */
export function packed(value: unknown): { B: Uint8Array } {
  return { B: deflateRawSync(JSON.stringify(value)) };
}

/** @throws Error when the attribute is missing or was written by something else */
export function unpacked(item: Item, name: string): unknown {
  const bytes = item[name]?.B;
  if (bytes === undefined) throw new Error(`item has no attribute ${name}`);
  return JSON.parse(inflateRawSync(bytes).toString("utf8"));
}

/** The attribute DynamoDB's time-to-live is set on: seconds since 1970. */
export const EXPIRES = "expires_at";

/** Whether an item's time is over. DynamoDB deletes up to some days late, so every read has to ask. */
export function isExpired(item: Item, now: Date): boolean {
  const expires = numberOf(item, EXPIRES);
  return expires !== undefined && expires * 1000 <= now.getTime();
}
