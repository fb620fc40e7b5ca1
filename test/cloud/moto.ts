import { type ChildProcess, spawn } from "node:child_process";
import { createServer } from "node:net";
import { motoPython } from "../../tools/moto.mjs";

export interface Moto {
  endpoint: string;
  close(): Promise<void>;
}

/** Why the tests on moto cannot run here; undefined when they can. In CI they have to. */
export function motoMissing(): string | undefined {
  try {
    motoPython();
    return undefined;
  } catch (error) {
    if (process.env.CI !== undefined) throw error;
    return error instanceof Error ? error.message : String(error);
  }
}

/** An emulated AWS account in a process of its own. */
export async function startMoto(): Promise<Moto> {
  const port = await freePort();
  const child = spawn(motoPython(), ["-m", "moto.server", "-H", "127.0.0.1", "-p", String(port)], {
    stdio: "ignore",
  });
  const endpoint = `http://127.0.0.1:${port}`;
  for (let attempt = 0; ; attempt++) {
    try {
      await fetch(`${endpoint}/moto-api/`);
      return { endpoint, close: () => stop(child) };
    } catch (error) {
      if (attempt === 300 || child.exitCode !== null) throw new Error("moto did not start", { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function stop(child: ChildProcess): Promise<void> {
  const exited = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGKILL");
  await exited;
}
