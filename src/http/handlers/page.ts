const DEFAULT_LIMIT = 50;

/**
 * A page of a list and where the next one starts. One entry more than asked for is read, to know whether there is a
 * next page.
 */
export async function page<T extends { id: string }>(
  query: { limit?: number; after?: string },
  list: (page: { limit: number; after?: string }) => Promise<T[]>,
): Promise<{ items: T[]; next: string | null }> {
  const limit = query.limit ?? DEFAULT_LIMIT;
  const found = await list({ limit: limit + 1, ...(query.after !== undefined && { after: query.after }) });
  const items = found.slice(0, limit);
  return { items, next: found.length > limit ? (items.at(-1)?.id ?? null) : null };
}
