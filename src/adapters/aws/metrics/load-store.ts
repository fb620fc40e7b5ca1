import type { Dynamo } from "../dynamo.ts";
import { commitManifests } from "./commit.ts";
import { expireSegments, type GarbageTarget, withoutGarbage } from "./garbage.ts";
import type { Partition, Segment } from "./manifest.ts";

/** What reads and changes facts. */
export interface LoadStore {
  dynamo: Dynamo;
  table: string;
  now: () => Date;
}

/** Marks blocks as expiring and then takes them off the manifest. */
export async function clearGarbage(
  store: LoadStore,
  target: GarbageTarget,
  tenant: string,
  garbage: readonly Segment[],
): Promise<void> {
  if (garbage.length === 0) return;
  await expireSegments(target, tenant, garbage, store.now());
  const cleared = new Set(garbage.map(({ key }) => key));
  await commitManifests(
    target,
    [tenant],
    (_, manifest) => withoutGarbage(manifest, cleared),
    (_, manifest) => !manifest.garbage.some(({ key }) => cleared.has(key)),
  );
}

/** Whether a partition is still the one that was seen: another load, or a reassignment, changes its segments. */
export function sameFacts(a: Partition | undefined, b: Partition | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  const keys = (p: Partition): string => p.segments.map(({ key }) => key).join(" ");
  return a.load === b.load && keys(a) === keys(b);
}
