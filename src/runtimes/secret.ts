import { randomBytes } from "node:crypto";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { SignJWT } from "jose";
import type { Role } from "../core/access/access.ts";
import { DomainError } from "../core/errors/errors.ts";

const FILE = "token-secret";
/** RFC 7518 section 3.2: an HS256 key is at least as long as the hash, 256 bits. */
const MIN_BYTES = 32;

/**
 * The HS256 secret that signs and verifies tokens: `SECUREBASE_JWT_SECRET` when set, else a random one made on first
 * use and kept in the data folder, readable by its owner only.
 * @throws DomainError `auth.weak-secret`; `data.unusable` when the data folder cannot be made
 */
export async function tokenSecret(directory: string, configured: string | undefined): Promise<Uint8Array> {
  if (configured !== undefined && configured !== "") {
    const bytes = new TextEncoder().encode(configured);
    if (bytes.length >= MIN_BYTES) return bytes;
    throw new DomainError(
      "auth.weak-secret",
      "invalid",
      `SECUREBASE_JWT_SECRET is ${bytes.length} bytes long; HS256 needs at least ${MIN_BYTES}`,
      { fix: "Set a longer one, for example the output of: openssl rand -hex 32" },
    );
  }
  const path = join(directory, FILE);
  await makeFolder(directory);
  try {
    await writeFile(path, randomBytes(MIN_BYTES).toString("hex"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  }
  return new TextEncoder().encode((await readFile(path, "utf8")).trim());
}

async function makeFolder(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true });
  } catch (error) {
    const reason = (error as NodeJS.ErrnoException).code === "EEXIST" ? "it is a file" : String(error);
    throw new DomainError(
      "data.unusable",
      "invalid",
      `The data folder ${directory} cannot be used: ${reason}`,
      {
        field: "data",
        fix: "Name a folder that exists or can be made, with --data or SECUREBASE_DATA.",
        cause: error,
      },
    );
  }
}

export interface TokenClaims {
  role: Role;
  /** Absent for operators, who belong to no tenant. */
  tenant?: string;
  subject: string;
}

/** Signs a token of this service: HS256, `customerId` and `role` claims, valid for `seconds` from `now`. */
export async function signToken(
  secret: Uint8Array,
  claims: TokenClaims,
  now: Date,
  seconds: number,
): Promise<string> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const payload = { role: claims.role, ...(claims.tenant !== undefined && { customerId: claims.tenant }) };
  return new SignJWT(payload)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(claims.subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + seconds)
    .sign(secret);
}
