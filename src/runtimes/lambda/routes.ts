import { routeList } from "../../contract/routes.ts";

/** Names the route of a request for metrics: the pattern, so that ids do not become dimensions. */
export function routeNamer(): (method: string, path: string) => string {
  const routes = routeList().map(({ method, path }) => ({
    method,
    path,
    pattern: new RegExp(`^${path.replace(/\{\w+\}/g, "[^/]+")}$`),
  }));
  return (method, path) => {
    const exact = routes.find((route) => route.method === method && route.path === path);
    const found = exact ?? routes.find((route) => route.method === method && route.pattern.test(path));
    return found === undefined ? "other" : `${method} ${found.path}`;
  };
}
