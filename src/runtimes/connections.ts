import { randomUUID } from "node:crypto";
import type { Server, ServerOptions } from "node:http";
import type { Socket } from "node:net";
import { type DomainError, invalid } from "../core/errors/errors.ts";
import type { Limits } from "../core/limits/limits.ts";
import { stalledRequest } from "../http/body.ts";
import { problemResponse } from "../http/problem.ts";

/** So many times as long as a request may stall, a connection may be silent: a reader may stop to think. */
const SILENCE = 10;
/** How often connections that have become idle are closed while a server stops, in milliseconds. */
const CLOSE_IDLE_MS = 50;

/**
 * A server's limits on connections. A body may take as long as it likes (Node.js would cut it off after five minutes);
 * the app gives up one of which nothing more arrives.
 */
export function connectionOptions({ stallSeconds }: Limits): ServerOptions {
  return {
    requestTimeout: 0,
    headersTimeout: stallSeconds * 1000,
    connectionsCheckingInterval: Math.min(30_000, stallSeconds * 250),
  };
}

/** Ends connections that are of no use any more, and answers what is no request as the app answers all others. */
export function guardConnections(server: Server, { stallSeconds }: Limits): void {
  server.timeout = SILENCE * stallSeconds * 1000;
  server.on("clientError", (error: NodeJS.ErrnoException, socket: Socket) => {
    // An answer that has begun cannot be another one.
    if (error.code === "ECONNRESET" || !socket.writable || isAnswering(socket)) socket.destroy();
    else void refuse(socket, errorOf(error, stallSeconds));
  });
}

/** Node.js keeps the answer under way here, and so does its own listener of `clientError`. */
function isAnswering(socket: Socket): boolean {
  const { _httpMessage: answer } = socket as Socket & { _httpMessage?: { headersSent: boolean } | null };
  return answer?.headersSent === true;
}

function errorOf(error: NodeJS.ErrnoException, stallSeconds: number): DomainError {
  if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") return stalledRequest(stallSeconds);
  const details = { fix: "Send HTTP/1.1 (RFC 9112).", cause: error };
  if (error.code === "HPE_HEADER_OVERFLOW")
    return invalid("request.headers-too-large", "The request's headers are too large", details);
  return invalid("request.malformed", "The request cannot be read as HTTP", details);
}

async function refuse(socket: Socket, error: DomainError): Promise<void> {
  const response = problemResponse(error, { requestId: randomUUID(), instance: "/" });
  const body = await response.text();
  const { status } = response;
  const headers = [...response.headers, ["content-length", String(Buffer.byteLength(body))]]
    .filter(([name]) => name !== "connection")
    .map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} \r\n${headers.join("")}connection: close\r\n\r\n${body}`);
}

/**
 * Stops a server: it takes no more connections, requests under way have some time to end, then all that are left are
 * cut off, half-sent requests and downloads that nobody reads among them.
 * @param graceSeconds the time they have
 */
export async function stopServer(server: Server, graceSeconds: number): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  const idle = setInterval(() => server.closeIdleConnections(), CLOSE_IDLE_MS);
  const end = setTimeout(() => server.closeAllConnections(), graceSeconds * 1000);
  try {
    await closed;
  } finally {
    clearInterval(idle);
    clearTimeout(end);
  }
}
