import { createHash } from "node:crypto";
import { Hono } from "hono";
import type { Services } from "../../app/services.ts";
import { listTenants } from "../../app/tenants/registry.ts";
import type { HttpEnv } from "../env.ts";
import type { Page } from "./html.ts";

/** Paths for people; everything else is the API's. */
export const PAGE_PATHS: readonly string[] = ["/", "/docs"];

/** The pages: what runs here, and the reference. Each is one file without anything loaded from elsewhere. */
export function pages(services: Services, publicUrl: string | undefined): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  // Loaded when somebody looks: a function that answers queries never pays for it.
  app.get("/", async (c) => {
    const { landingPage } = await import("./landing.ts");
    const tenants = await listTenants(services).catch(() => undefined);
    const demo = tenants === undefined ? undefined : tenants.some((tenant) => tenant.demo);
    return answer(landingPage({ services, demo, base: baseOf(c.req.url, publicUrl) }));
  });
  app.get("/docs", async (c) => {
    const { docsPage } = await import("./docs.ts");
    return answer(docsPage({ version: services.version, base: baseOf(c.req.url, publicUrl) }));
  });
  return app;
}

/**
 * The address that examples show: the service's own, as it is set. Whoever sends the request chooses its Host, so that
 * only this machine's names are taken from there.
 */
function baseOf(url: string, publicUrl: string | undefined): string {
  if (publicUrl !== undefined) return publicUrl.replace(/\/+$/, "");
  const { origin, hostname } = new URL(url);
  return LOCAL_NAMES.test(hostname) ? origin : "https://ADDRESS-OF-THE-SERVICE";
}

const LOCAL_NAMES = /^(?:localhost|127\.\d{1,3}\.\d{1,3}\.\d{1,3}|\[::1\])$/;

function answer({ html, style, script }: Page): Response {
  const policy = [
    "default-src 'none'",
    `style-src ${hashOf(style)}`,
    ...(script === undefined ? [] : [`script-src ${hashOf(script)}`]),
    "img-src data:",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ];
  return new Response(html, {
    headers: {
      "Content-Type": "text/html; charset=utf-8",
      "Content-Security-Policy": policy.join("; "),
      "Cache-Control": "no-cache",
    },
  });
}

function hashOf(text: string): string {
  return `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
}
