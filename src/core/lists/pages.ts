/** What is asked of a list. */
export interface PageRequest {
  /** Most items; {@link DEFAULT_LIMIT} when not given. */
  limit?: number;
  /** `next` of the page before. */
  after?: string;
}

/** A part of a list, and where the next one begins; null on the last. */
export interface Page<T> {
  items: T[];
  next: string | null;
}

const DEFAULT_LIMIT = 50;

/**
 * Cuts a page out of a list: the only way to. One item more than asked for is read, to know whether others follow.
 * @param read gives items behind a place in the list, as many as are wanted unless it ends before
 * @param placeOf an item, for `after`
 * @param limit where the request has none
 */
export async function pageOf<T>(
  request: PageRequest,
  read: (wanted: { limit: number; after?: string }) => Promise<T[]>,
  placeOf: (item: T) => string,
  limit = DEFAULT_LIMIT,
): Promise<Page<T>> {
  const { limit: most = limit, after } = request;
  const found = await read({ limit: most + 1, ...(after !== undefined && { after }) });
  const items = found.slice(0, most);
  const last = items.at(-1);
  return { items, next: found.length > most && last !== undefined ? placeOf(last) : null };
}

/** A page of what the items become. */
export function mapPage<T, R>({ items, next }: Page<T>, change: (item: T) => R): Page<R> {
  return { items: items.map(change), next };
}
