import { randomBytes } from "node:crypto";
import { chmod, link, mkdir, open, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { SignJWT } from "jose";
import type { Role } from "../core/access/access.ts";
import { DomainError, invalid } from "../core/errors/errors.ts";
import { MIN_SECRET_BYTES } from "./auth-settings.ts";
import { PRIVATE_FILE, PRIVATE_FOLDER } from "./private-files.ts";

const FILE = "token-secret";

/**
 * The HS256 secret of a data folder: a random one, made on first use, that only the folder's owner can read. Processes
 * that work on the folder know each other by it.
 * @throws DomainError `auth.weak-secret` for a file that is empty or cut off; `data.unusable` when the folder cannot
 *   be made
 */
export async function folderSecret(directory: string): Promise<Uint8Array> {
  const path = join(directory, FILE);
  await makeFolder(directory);
  const text = (await readIfThere(path)) ?? (await makeSecret(directory, path));
  const secret = new TextEncoder().encode(text.trim());
  if (secret.length >= MIN_SECRET_BYTES) return secret;
  throw invalid(
    "auth.weak-secret",
    `The secret in ${path} is ${secret.length} bytes long; HS256 needs at least ${MIN_SECRET_BYTES}`,
    {
      fix: `Put the file back from a backup, or remove it: a new secret is then made, and tokens signed with the old one are refused.`,
    },
  );
}

async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** Written whole before it gets its name: a process that dies leaves no half of one. @returns the one that is there */
async function makeSecret(directory: string, path: string): Promise<string> {
  const draft = join(directory, `${FILE}.${crypto.randomUUID()}`);
  try {
    const file = await open(draft, "wx", PRIVATE_FILE);
    try {
      await file.writeFile(randomBytes(MIN_SECRET_BYTES).toString("hex"));
      await file.sync();
    } finally {
      await file.close();
    }
    await nameOnce(draft, path);
  } finally {
    await rm(draft, { force: true });
  }
  return readFile(path, "utf8");
}

/** Gives a file its name unless another process was quicker, whose file then stays. */
async function nameOnce(draft: string, path: string): Promise<void> {
  try {
    await link(draft, path);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "EEXIST") return;
    // Some file systems know no second names.
    if (code !== "EPERM" && code !== "ENOTSUP" && code !== "ENOSYS") throw error;
    await rename(draft, path);
  }
}

async function makeFolder(directory: string): Promise<void> {
  try {
    const made = await mkdir(directory, { recursive: true, mode: PRIVATE_FOLDER });
    // The folders above it are nobody's secret; this one is, whatever the process's umask.
    if (made !== undefined) await chmod(directory, PRIVATE_FOLDER);
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
  tenant?: string | undefined;
  subject: string;
  /** Where the service wants tokens to be bound to one. */
  issuer?: string | undefined;
  audience?: string | undefined;
}

/** Signs a token of this service: HS256, `customerId` and `role` claims, valid for `seconds` from `now`. */
export async function signToken(
  secret: Uint8Array,
  { role, tenant, subject, issuer, audience }: TokenClaims,
  now: Date,
  seconds: number,
): Promise<string> {
  const issuedAt = Math.floor(now.getTime() / 1000);
  const payload = { role, ...(tenant !== undefined && { customerId: tenant }) };
  const token = new SignJWT(payload)
    .setProtectedHeader({ alg: "HS256", typ: "JWT" })
    .setSubject(subject)
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + seconds);
  if (issuer !== undefined) token.setIssuer(issuer);
  if (audience !== undefined) token.setAudience(audience);
  return token.sign(secret);
}
