import { DomainError, invalid } from "../core/errors/errors.ts";
import type { AuthOptions } from "../http/auth.ts";
import { remoteKeys } from "../http/token-keys.ts";
import type { Environment } from "./runtime.ts";

/** RFC 7518 section 3.2: an HS256 key is at least as long as the hash, 256 bits. */
export const MIN_SECRET_BYTES = 32;

/** What is wrong with settings, collected so that all of it is told at once and not one at each start. */
export class SettingErrors {
  readonly #errors: DomainError[] = [];

  /** @returns what `read` gives; undefined where it threw a DomainError, which is kept */
  try<T>(read: () => T): T | undefined {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof DomainError)) throw error;
      this.#errors.push(error);
      return undefined;
    }
  }

  /** @throws DomainError the only one there is, or `config.invalid` that tells all */
  throwIfAny(): void {
    const [first, second] = this.#errors;
    if (first === undefined) return;
    if (second === undefined) throw first;
    const all = this.#errors.map(({ message }) => message).join("; ");
    const fixes = this.#errors.map(({ fix = "" }) => fix.replace(/\.$/, "")).join("; ");
    throw new DomainError("config.invalid", first.kind, `Several settings are wrong: ${all}`, { fix: fixes });
  }
}

/** The settings of tokens that are the same wherever the service runs. An empty variable is one that is not set. */
export function tokenSettings(
  env: Environment,
  errors: SettingErrors,
): Pick<AuthOptions, "secret" | "keys" | "issuer" | "audience"> {
  const text = given(env["SECUREBASE_JWT_SECRET"]);
  const jwksUrl = given(env["SECUREBASE_JWKS_URL"]);
  const secret =
    text === undefined ? undefined : errors.try(() => secretBytes("SECUREBASE_JWT_SECRET", text));
  const url = jwksUrl === undefined ? undefined : errors.try(() => httpUrl("SECUREBASE_JWKS_URL", jwksUrl));
  return {
    secret,
    keys: url === undefined ? undefined : remoteKeys(url),
    issuer: given(env["SECUREBASE_JWT_ISSUER"]),
    audience: given(env["SECUREBASE_JWT_AUDIENCE"]),
  };
}

export function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/**
 * A text as an HS256 key.
 * @param where names it for people
 * @throws DomainError `auth.weak-secret`
 */
export function secretBytes(where: string, text: string): Uint8Array {
  const bytes = new TextEncoder().encode(text);
  if (bytes.length >= MIN_SECRET_BYTES) return bytes;
  throw invalid(
    "auth.weak-secret",
    `${where} is ${bytes.length} bytes long; HS256 needs at least ${MIN_SECRET_BYTES}`,
    { fix: "Set a longer one, for example the output of: openssl rand -hex 32" },
  );
}

/** @param name of the setting @throws DomainError `config.invalid-url` */
export function httpUrl(name: string, text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url?.protocol === "https:" || url?.protocol === "http:") return url;
  throw invalid("config.invalid-url", `${name} is no http or https URL`, {
    field: name,
    fix: `Set ${name} to a whole URL, for example https://id.example.com/.well-known/jwks.json, or leave it out.`,
  });
}
