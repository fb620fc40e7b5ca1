/** Most items the API gives at once of most lists. */
const PAGE = 200;

/**
 * A whole list, page by page.
 * @param read asks for a page
 */
export async function allPages<T>(
  read: (page: { limit: number; after: string | undefined }) => Promise<{ items: T[]; next: string | null }>,
): Promise<T[]> {
  const all: T[] = [];
  let after: string | null = null;
  do {
    const page: { items: T[]; next: string | null } = await read({ limit: PAGE, after: after ?? undefined });
    all.push(...page.items);
    after = page.next;
  } while (after !== null);
  return all;
}
