import { unexpectedAnswer } from "./errors.ts";

/**
 * All pages of a list, one after the other as they are pulled.
 * @param read asks for the page a token names, the first one without
 * @param next the token of the page behind this one
 * @throws DomainError `sync.unexpected-answer` when a token comes again: the list would never end
 */
export async function* pages<P>(
  action: string,
  read: (token: string | undefined) => Promise<P>,
  next: (page: P) => string | undefined,
): AsyncGenerator<P, void, undefined> {
  let token: string | undefined;
  do {
    const page = await read(token);
    yield page;
    const following = next(page);
    if (following !== undefined && following === token)
      throw unexpectedAnswer(action, "with the same page token twice");
    token = following === "" ? undefined : following;
  } while (token !== undefined);
}
