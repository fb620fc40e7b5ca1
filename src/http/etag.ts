import { DomainError } from "../core/errors/errors.ts";

/** A strong entity tag as it stands in a header (RFC 9110 section 8.8.3). */
export function quoteEtag(etag: string): string {
  return `"${etag}"`;
}

/** Whether the copy the client has (`If-None-Match`) is not this version, so that it has to be sent. */
export function matchesNone(request: Request, etag: string): boolean {
  const header = request.headers.get("if-none-match");
  if (header === null) return true;
  // Weak comparison (RFC 9110 section 13.1.2).
  const tags = tagsOf(header).map((tag) => tag.replace(/^W\//, ""));
  return !tags.includes("*") && !tags.includes(quoteEtag(etag));
}

/** What has versions. */
type Versioned = "report" | "budget" | "tenant";

/**
 * The version a change is based on, as `If-Match` says. Of several tags, and for `*`, it is the current one where that
 * is among them.
 * @param need whether a request without the header is refused (RFC 6585 section 3)
 * @param current reads the version now stored
 * @param what the request changes
 * @returns the tag to compare with when writing; undefined when the client gave none
 * @throws DomainError `report.precondition-required`, `report.changed`, or those of a budget
 */
export async function currentEtag(
  request: Request,
  need: "required",
  current: () => Promise<string>,
  what?: Versioned,
): Promise<string>;
export async function currentEtag(
  request: Request,
  need: "optional",
  current: () => Promise<string>,
  what?: Versioned,
): Promise<string | undefined>;
export async function currentEtag(
  request: Request,
  need: "required" | "optional",
  current: () => Promise<string>,
  what: Versioned = "report",
): Promise<string | undefined> {
  const header = request.headers.get("if-match");
  if (header === null) {
    if (need === "optional") return undefined;
    throw new DomainError(
      `${what}.precondition-required`,
      "precondition",
      "The request does not say which version it changes",
      {
        fix: "Send the ETag of the version you changed as If-Match.",
      },
    );
  }
  const stored = await current();
  const tags = tagsOf(header);
  // Strong comparison: a weak tag matches nothing (RFC 9110 section 13.1.1).
  if (tags.includes("*") || tags.includes(quoteEtag(stored))) return stored;
  throw new DomainError(
    `${what}.changed`,
    "precondition",
    `The ${what} was changed since the version in If-Match`,
    {
      fix: "Get it again, apply the change to the new version, and send its ETag.",
    },
  );
}

function tagsOf(header: string): string[] {
  return header.match(/\*|(?:W\/)?"[^"]*"/g) ?? [];
}
