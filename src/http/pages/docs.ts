import {
  accessText,
  componentSchemas,
  INTRODUCTION,
  type JsonObject,
  problemsOf,
  schemaOf,
  TAGS,
} from "../../contract/openapi.ts";
import { PROBLEMS, problemSpec } from "../../contract/problems.ts";
import { type Answer, type Example, RATE_LIMITS, type RouteSpec } from "../../contract/route.ts";
import { type RouteId, routeList } from "../../contract/routes.ts";
import { must } from "../../core/errors/must.ts";
import { DATASETS } from "../../core/metrics/datasets.ts";
import { DOCS_SCRIPT, DOCS_STYLE } from "./docs-assets.ts";
import { fieldTable, typeOf } from "./docs-schema.ts";
import { escape, prose, type Page } from "./html.ts";

type Route = RouteSpec & { id: RouteId };

export interface DocsOptions {
  version: string;
  /** Base URL for the examples. */
  base: string;
}

/** The API's reference, printed from the contract: one page that loads nothing and works offline. */
export function docsPage({ version, base }: DocsOptions): Page {
  const routes = routeList();
  const components = componentSchemas();
  const grouped = TAGS.map(([tag, text]) => ({
    tag,
    text,
    routes: routes.filter((route) => route.tag === tag),
  }));
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>API reference – SecureBase Analytics</title><link rel="icon" href="data:,"><style>${DOCS_STYLE}</style></head><body>
<a class="skip" href="#main">Skip to content</a>
<nav aria-label="Operations"><a class="home" href="/">SecureBase Analytics</a>
<input type="search" id="filter" placeholder="Filter operations" aria-label="Filter operations">
<ul><li><a href="#start">Getting started</a></li><li><a href="#datasets">Datasets</a></li></ul>
${grouped.map(({ tag, routes: own }) => `<section><h2>${tag}</h2><ul>${own.map(navEntry).join("")}</ul></section>`).join("\n")}
<ul><li><a href="#schemas">Schemas</a></li><li><a href="#problems">Problem codes</a></li></ul></nav>
<main id="main">
<header><h1>API reference</h1><p class="soft">Version ${escape(version)} · <a href="/v1/openapi.json">OpenAPI 3.1</a> · <a href="/v1/health">health</a></p></header>
${gettingStarted(base)}
${datasets()}
${grouped.map(({ tag, text, routes: own }) => `<section class="group"><h2 id="tag-${tag}">${tag}</h2><p class="soft">${escape(text)}</p>${own.map((route) => operation(route, base, components)).join("\n")}</section>`).join("\n")}
${schemas(components)}
${problems()}
</main><script>${DOCS_SCRIPT}</script></body></html>`;
  return { html, style: DOCS_STYLE, script: DOCS_SCRIPT };
}

const method = (name: string): string => `<span class="method ${name.toLowerCase()}">${name}</span>`;

function navEntry(route: Route): string {
  const words = escape(`${route.method} ${route.path} ${route.summary}`.toLowerCase());
  return `<li data-words="${words}"><a href="#${route.id}">${method(route.method)}<span>${escape(route.summary)}</span></a></li>`;
}

function gettingStarted(base: string): string {
  const [introduction = "", ...more] = INTRODUCTION.split("\n\n");
  const limits = Object.entries(RATE_LIMITS)
    .map(([name, limit]) => `<li>${escape(name.replace("-", " "))}: ${limit}</li>`)
    .join("");
  return `<section class="group"><h2 id="start">Getting started</h2><p>${prose(introduction)}</p>
${more.map((text) => `<p>${prose(text)}</p>`).join("")}
${snippet(`TOKEN=$(securebase token --tenant ID --role analyst)
curl -H "Authorization: Bearer $TOKEN" '${base}/v1/analytics?groupBy=service&range=30d'`)}
<h3>Limits per minute and tenant</h3><ul>${limits}</ul>
<p>A dashboard or report takes as many questions as it puts to the store: equal ones of a request count once, remembered answers cost nothing. What is over the limit gets 429 with <code>Retry-After</code>. Numbers in answers are exact decimal strings: do not parse them as binary floating point before adding them up.</p></section>`;
}

function datasets(): string {
  const rows = Object.values(DATASETS).map((dataset) => {
    const dimensions = dataset.dimensions.map((each) => (each.kind === "tag" ? "tag:KEY" : each.id));
    const list = (names: readonly string[]): string =>
      names.map((name) => `<code>${escape(name)}</code>`).join(" ");
    return `<tr><th scope="row"><code>${dataset.id}</code><br><span class="soft">${escape(dataset.label)}</span></th><td>${list(dimensions)}</td><td>${list(dataset.measures.map((measure) => measure.id))}</td></tr>`;
  });
  return `<section class="group"><h2 id="datasets">Datasets</h2><p class="soft">What can be grouped by and filtered on, and what can be measured.</p>
${table(["Dataset", "Dimensions", "Measures"], rows, "stack")}</section>`;
}

function operation(route: Route, base: string, components: JsonObject): string {
  const parts = [
    params("Path parameters", route.params),
    params("Query parameters", route.query),
    headers(route),
    body(route, components),
    route.examples.map((example) => curl(route, example, base)).join(""),
    answers(route),
  ];
  const limit =
    route.limit === undefined ? "" : ` <span class="badge soft">${RATE_LIMITS[route.limit]} a minute</span>`;
  return `<article id="${route.id}"><h3>${method(route.method)} <code class="path">${escape(route.path)}</code></h3>
<p class="summary"><a class="anchor" href="#${route.id}">${escape(route.summary)}</a> <span class="badge soft">${escape(accessText(route).replace(/\.$/, ""))}</span>${limit}</p>
<p>${prose(route.description)}</p>
${parts.join("\n")}</article>`;
}

function params(title: string, schema: RouteSpec["query"]): string {
  if (schema === undefined) return "";
  return `<h4>${title}</h4>${fieldTable(schemaOf(schema))}`;
}

function headers(route: Route): string {
  if (route.headers === undefined) return "";
  const rows = Object.entries(route.headers).map(
    ([name, header]) =>
      `<tr><th scope="row"><code>${name}</code>${header.required ? ' <span class="req">required</span>' : ""}</th><td>${prose(header.description)}</td></tr>`,
  );
  return `<h4>Headers</h4>${table(["Header", "Meaning"], rows)}`;
}

function body(route: Route, components: JsonObject): string {
  if (route.body === undefined) return "";
  if (route.body.kind === "upload") return `<h4>Body</h4><p>${prose(route.body.description)}</p>`;
  const schema = schemaOf(route.body.schema);
  const optional = route.body.optional === true ? " (optional)" : "";
  const fields = typeof schema["$ref"] === "string" ? componentOf(schema["$ref"], components) : schema;
  return `<h4>Body${optional}: ${typeOf(schema)}</h4>${fieldTable(fields)}`;
}

function componentOf(reference: string, components: JsonObject): JsonObject {
  return components[reference.replace("#/components/schemas/", "")] as JsonObject;
}

function curl(route: Route, example: Example, base: string): string {
  const path = route.path.replace(/\{(\w+)\}/g, (_, name: string) =>
    encodeURIComponent(example.params?.[name] ?? name),
  );
  const query = new URLSearchParams({ ...example.query }).toString().replaceAll("%2C", ",");
  const lines = [
    `curl ${route.method === "GET" ? "" : `-X ${route.method} `}'${base}${path}${query === "" ? "" : `?${query}`}'`,
  ];
  if (route.access !== "public") lines.push(`-H "Authorization: Bearer $TOKEN"`);
  for (const [name, header] of Object.entries(route.headers ?? {})) {
    if (header.required) lines.push(`-H '${name}: "ETAG"'`);
  }
  const isSentBefore = example.query?.["upload"] !== undefined;
  if (route.body?.kind === "upload" && !isSentBefore)
    lines.push(`--data-binary @${example.query?.["name"] ?? "FILE"}`);
  if (example.body !== undefined) {
    lines.push(
      `-H 'Content-Type: application/json'`,
      `-d '${JSON.stringify(example.body, null, 2).replaceAll("'", "'\\''")}'`,
    );
  }
  if (route.ok.media !== undefined) lines.push("-LOJ");
  return `<h4>Example: ${escape(example.name)}</h4>${snippet(lines.join(" \\\n  "))}`;
}

function snippet(text: string): string {
  return `<div class="snippet"><button type="button" class="copy">Copy</button><pre tabindex="0"><code>${escape(text)}</code></pre></div>`;
}

function answers(route: Route): string {
  const good = [route.ok, ...(route.also ?? [])].map(answerRow);
  const codes = problemsOf(route);
  const statuses = [...new Set(codes.map((code) => PROBLEMS[code].status))].sort((a, b) => a - b);
  const bad = statuses.map((status) => {
    const own = codes.filter((code) => PROBLEMS[code].status === status);
    const links = own.map((code) => `<a href="#problem-${code}"><code>${code}</code></a>`).join(" ");
    return `<tr><th scope="row">${status}</th><td>${links}</td></tr>`;
  });
  return `<h4>Answers</h4>${table(["Status", "Meaning"], [...good, ...bad])}`;
}

function answerRow(answer: Answer): string {
  const kind =
    answer.schema === undefined
      ? (answer.media ?? []).map((media) => `<code>${media}</code>`).join(" ")
      : typeOf(schemaOf(answer.schema));
  const extra = Object.entries(answer.headers ?? {}).map(
    ([name, text]) => `<li><code>${name}</code> ${prose(text)}</li>`,
  );
  const list =
    extra.length === 0 ? "" : `<details><summary>Headers</summary><ul>${extra.join("")}</ul></details>`;
  return `<tr><th scope="row" class="ok">${answer.status}</th><td>${prose(answer.description)} ${kind}${list}</td></tr>`;
}

function schemas(components: JsonObject): string {
  const all = Object.entries(components) as [string, JsonObject][];
  const entries = all.map(
    ([name, schema]) =>
      `<details id="schema-${name}"><summary>${escape(name)}</summary><p>${prose((schema["description"] as string | undefined) ?? "")}</p>${fieldTable(schema)}</details>`,
  );
  return `<section class="group"><h2 id="schemas">Schemas</h2>${entries.join("\n")}</section>`;
}

function problems(): string {
  const rows = Object.keys(PROBLEMS).map((code) => {
    const spec = must(problemSpec(code), "the problem of a code");
    return `<tr id="problem-${code}"><th scope="row"><code>${code}</code></th><td>${spec.status}</td><td>${prose(spec.when)}</td></tr>`;
  });
  return `<section class="group"><h2 id="problems">Problem codes</h2>
<p class="soft">Every error is a problem details object (RFC 9457) with one of these codes.</p>
${table(["Code", "Status", "When"], rows, "stack")}</section>`;
}

/** @param look `stack` sets the cells of a row below each other where the page is narrow */
function table(heads: readonly string[], rows: readonly string[], look: "" | "stack" = ""): string {
  return `<div class="scroll"><table${look === "" ? "" : ` class="${look}"`}><thead><tr>${heads.map((head) => `<th scope="col">${head}</th>`).join("")}</tr></thead><tbody>${rows.join("\n")}</tbody></table></div>`;
}
