import { randomUUID } from "node:crypto";
import type { Server } from "node:http";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { ROUTES } from "../contract/routes.ts";
import { DomainError } from "../core/errors/errors.ts";
import { connectionOptions, guardConnections, stopServer } from "./connections.ts";
import { ensureDemo } from "./demo.ts";
import { type EmbeddedRuntime, openEmbedded, type RuntimeOptions } from "./embedded.ts";
import { type LastDefence, lastDefence } from "./last-defence.ts";
import { INSTANCE_HEADER, removeServerFile, writeServerFile } from "./server-file.ts";

const HEALTH = ROUTES.health.path;

export interface ServeOptions extends RuntimeOptions {
  /** 0 picks a free one. */
  port: number;
  host: string;
  /** Fill an empty store with demo data. */
  demo: boolean;
  onProgress: (text: string, fraction?: number) => void;
}

export interface RunningServer {
  url: string;
  directory: string;
  /** A demo tenant to look at, when the store holds demo data and nothing else. */
  demo: string | undefined;
  /** Resolves with an error after which the server's state cannot be trusted: it has to be closed, and the process ended. */
  broken: Promise<Error>;
  /** Gives requests under way their time to end, then cuts them off; jobs go on at the next start. */
  close(): Promise<void>;
}

/**
 * Opens the data folder and serves the API until `close`.
 * @throws DomainError `serve.port-in-use`, `serve.address`, and those of `openEmbedded`
 */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const runtime = await openEmbedded(options);
  const defence = lastDefence(process, runtime.lostErrors, runtime.logger);
  try {
    let ready = false;
    const instance = randomUUID();
    const answer = async (request: Request, { incoming }: HttpBindings): Promise<Response> => {
      if (!ready) return starting(request);
      const response = await runtime.fetch(request, { ip: incoming.socket.remoteAddress });
      if (new URL(request.url).pathname === HEALTH) response.headers.set(INSTANCE_HEADER, instance);
      return response;
    };
    const { limits } = runtime.services;
    const server = createAdaptorServer({
      fetch: (request, env) => answer(request, env as HttpBindings),
      serverOptions: connectionOptions(limits),
    }) as Server;
    guardConnections(server, limits);
    // The port is taken before the slow part, so that a second server fails at once.
    const url = await listen(server, options);
    try {
      await runtime.finishClaims();
      const demo = options.demo ? await ensureDemo(runtime.services, options.onProgress) : undefined;
      await runtime.housekeep();
      await runtime.resumeJobs();
      ready = true;
      await writeServerFile(runtime.directory, { url, pid: process.pid, instance });
      const { broken } = defence;
      return {
        url,
        directory: runtime.directory,
        demo,
        broken,
        close: () => stop(server, runtime, defence),
      };
    } catch (error) {
      server.close();
      throw error;
    }
  } catch (error) {
    await runtime.close();
    defence.release();
    throw error;
  }
}

/** Half-loaded demo data must not be taken for an answer. */
function starting(request: Request): Response {
  const problem = {
    type: "about:blank",
    title: "Service Unavailable",
    status: 503,
    code: "service.starting",
    detail: "The server is still starting",
    fix: "Try again in a few seconds.",
    instance: new URL(request.url).pathname,
    requestId: randomUUID(),
  };
  const headers = { "content-type": "application/problem+json", "retry-after": "2" };
  return new Response(JSON.stringify(problem), { status: 503, headers });
}

function listen(server: Server, { port, host }: ServeOptions): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => reject(listenError(error, host, port)));
    server.listen(port, host, () => {
      const address = server.address();
      const actual = typeof address === "object" && address !== null ? address.port : port;
      const name =
        host === "127.0.0.1" || host === "::1" ? "localhost" : host.includes(":") ? `[${host}]` : host;
      resolve(`http://${name}:${actual}`);
    });
  });
}

function listenError(error: NodeJS.ErrnoException, host: string, port: number): DomainError {
  if (error.code === "EADDRINUSE") {
    return new DomainError(
      "serve.port-in-use",
      "conflict",
      `Port ${port} on ${host} is in use by another program`,
      {
        field: "port",
        fix: `Stop that program, or choose another port, for example --port ${port + 1}.`,
        cause: error,
      },
    );
  }
  return new DomainError(
    "serve.address",
    "unavailable",
    `Cannot listen on ${host}:${port}: ${error.message}`,
    {
      field: "port",
      fix: "Ports under 1024 need privileges; --host must be an address of this machine.",
      cause: error,
    },
  );
}

async function stop(server: Server, runtime: EmbeddedRuntime, defence: LastDefence): Promise<void> {
  await removeServerFile(runtime.directory);
  await stopServer(server, runtime.services.limits.shutdownSeconds);
  // Jobs under way are left for the next start.
  await runtime.close();
  defence.release();
}
