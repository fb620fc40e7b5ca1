import { getHeapStatistics } from "node:v8";
import type { GroupLimit } from "../core/query/group-limit.ts";

/** What the service itself takes of the heap, with the blocks that are being read. */
const OWN_BYTES = 192 * 2 ** 20;
/** A group of five keys and two measures was seen to take 1,200 at most; long names and what a file takes come on top. */
const BYTES_PER_GROUP = 2_000;

/**
 * How many groups a question may have in a process that adds them up itself, by the heap that it has: some 130,000 in a
 * function of 512 MB.
 * @param instead what else to do about a question that has more: a part of a sentence
 */
export function groupLimit(instead: string): GroupLimit {
  const { heap_size_limit: heap } = getHeapStatistics();
  const most = Math.max(10_000, Math.floor((heap - OWN_BYTES) / BYTES_PER_GROUP));
  return { most, fix: `Ask for a shorter range, fewer columns to group by or more filters, or ${instead}.` };
}
