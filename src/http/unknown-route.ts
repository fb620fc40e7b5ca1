import { routeList } from "../contract/routes.ts";
import { shorten } from "../core/errors/bounded.ts";
import { DomainError } from "../core/errors/errors.ts";
import { closest } from "../core/errors/suggest.ts";
import { PAGE_PATHS } from "./pages/pages.ts";

/** The methods a path has; none when there is no such path. HEAD goes with GET. */
export function methodsOf(path: string): string[] {
  if (PAGE_PATHS.includes(path)) return ["GET", "HEAD", "OPTIONS"];
  const methods = new Set<string>();
  for (const route of routeList()) {
    if (!patternOf(route.path).test(path)) continue;
    methods.add(route.method);
    if (route.method === "GET") methods.add("HEAD");
  }
  return methods.size === 0 ? [] : [...methods, "OPTIONS"];
}

function patternOf(path: string): RegExp {
  return new RegExp(`^${path.replaceAll(".", "\\.").replace(/\{\w+\}/g, "[^/]+")}$`);
}

/** Why a request matches no route: the path has other methods, or there is none like it. */
export function unknownRoute(method: string, path: string): DomainError {
  const methods = methodsOf(path);
  if (methods.length > 0) {
    return new DomainError(
      "request.method-not-allowed",
      "invalid",
      `${shorten(path)} has no ${shorten(method)}`,
      {
        allowed: methods,
        fix: `Use ${methods.filter((each) => each !== "OPTIONS" && each !== "HEAD").join(" or ")}.`,
      },
    );
  }
  const guess = sameEnding(path) ?? closest(path, likelyPaths(path));
  return new DomainError("request.unknown-route", "not-found", `There is no ${shorten(path)}`, {
    fix: `${guess === undefined ? "" : `Did you mean ${guess}? `}GET /v1/openapi.json lists the paths, /docs shows them.`,
  });
}

/** The one path that ends as the asked one does: `/v1/costs/forecast` was put in the wrong place. */
function sameEnding(path: string): string | undefined {
  const last = path.split("/").at(-1) ?? "";
  const found = new Set(routeList().flatMap((route) => (route.path.endsWith(`/${last}`) ? route.path : [])));
  const [only, ...others] = found;
  return last === "" || others.length > 0 ? undefined : only;
}

/** All paths to compare with. A last segment that stands for any name is like nothing in particular. */
function likelyPaths(path: string): string[] {
  const named = routeList().filter((route) => !route.path.endsWith("}"));
  const segments = path.split("/");
  return [...named.map((route) => concrete(route.path, segments)), ...PAGE_PATHS];
}

/** A route's path with the asked path's segments in place of its parameters, so that the two compare. */
function concrete(pattern: string, segments: readonly string[]): string {
  return pattern
    .split("/")
    .map((segment, i) => (segment.startsWith("{") ? (segments[i] ?? segment) : segment))
    .join("/");
}
