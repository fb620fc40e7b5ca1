import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { SignJWT } from "jose";

const SECRET = "a secret for the bench, over 32 bytes";

/** A built server in a process of its own. */
export interface BenchServer {
  url: string;
  pid: number;
  kill(): Promise<void>;
}

/** @param args of `securebase serve`, beside the port: a free one is taken */
export async function startServer(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<BenchServer> {
  const child = spawn(process.execPath, ["dist/cli/bin.js", "serve", "--port", "0", ...args], {
    env: { ...process.env, SECUREBASE_JWT_SECRET: SECRET, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const kill = async (): Promise<void> => {
    child.kill("SIGKILL");
    await once(child, "exit");
  };
  return { url: await urlOf(child), pid: child.pid ?? 0, kill };
}

async function urlOf({ stdout }: Pick<ChildProcess, "stdout">): Promise<string> {
  if (stdout === null) throw new Error("the server has no output");
  for await (const line of createInterface({ input: stdout })) {
    const url = /listens on (\S+)/.exec(line)?.[1];
    if (url !== undefined) return url;
  }
  throw new Error("the server ended before it listened");
}

/** The header of somebody with these claims. */
export async function authorizationOf(claims: object): Promise<string> {
  const token = await new SignJWT({ ...claims, sub: "bench" })
    .setProtectedHeader({ alg: "HS256" })
    .setExpirationTime("12h")
    .sign(new TextEncoder().encode(SECRET));
  return `Bearer ${token}`;
}
