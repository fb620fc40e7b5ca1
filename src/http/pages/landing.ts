import type { Services } from "../../app/services.ts";
import { BASE_STYLE, escape, type Page } from "./html.ts";

export interface LandingOptions {
  services: Pick<Services, "version" | "environment">;
  /** Whether generated demo data is in the store; undefined when the store does not answer. */
  demo: boolean | undefined;
  /** Base URL the page was asked under. */
  base: string;
}

const STYLE = `${BASE_STYLE}
main{max-width:46rem;margin:0 auto;padding:4rem 1.25rem}
h1{font-size:2rem;letter-spacing:-.02em}
h2{font-size:1.05rem;margin:2.2rem 0 .3rem}
.lead{font-size:1.1rem;color:var(--soft);margin:.6rem 0 1.4rem}
.links{display:grid;grid-template-columns:repeat(auto-fit,minmax(13rem,1fr));gap:.8rem;padding:0;margin:0;list-style:none}
.links a{display:block;height:100%;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:.9rem 1rem;text-decoration:none;color:var(--ink)}
.links a:hover{border-color:var(--accent)}
.links b{color:var(--accent)}.links span{display:block;color:var(--soft);font-size:.92rem}
.note{border-left:4px solid var(--put);background:var(--card);border-radius:0 8px 8px 0;padding:.7rem 1rem;margin:1.6rem 0}
footer{margin-top:2.5rem;color:var(--soft);font-size:.9rem}
`;

/** What runs here and how to get started. */
export function landingPage({ services, demo, base }: LandingOptions): Page {
  const demoNote =
    demo === undefined
      ? `<p class="note"><b>The store does not answer.</b> <a href="/v1/health">Health</a> says what is wrong.</p>`
      : demo
        ? `<p class="note"><b>Demo data.</b> This store holds tenants with generated data, labelled as such in every report. It is not a real bill.</p>`
        : "";
  const curl = `TOKEN=$(securebase token --tenant ID --role analyst)
curl -H "Authorization: Bearer $TOKEN" \\
  "${base}/v1/analytics?groupBy=service&range=30d"`;
  const html = `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<title>SecureBase Analytics</title><link rel="icon" href="data:,"><style>${STYLE}</style></head><body><main>
<h1>SecureBase Analytics</h1>
<p class="lead">What does the cloud cost, how secure is it, does it comply, how much is used: answers and reports for many tenants, each tenant's data apart.</p>
${demoNote}
<ul class="links">
<li><a href="/docs"><b>API reference</b><span>Every operation, with examples to copy.</span></a></li>
<li><a href="/v1/openapi.json"><b>OpenAPI 3.1</b><span>For generators and API clients.</span></a></li>
<li><a href="/v1/health"><b>Health</b><span>The service and what it depends on.</span></a></li>
</ul>
<h2>Ask the first question</h2>
<p>The API takes a bearer token that names a tenant and a role. On the machine that runs this service:</p>
<pre><code>securebase tenants list
${escape(curl)}</code></pre>
<h2>Load your own costs</h2>
<pre><code>securebase tenants add acme --name "Acme" --account 111111111111
securebase import focus-2024-09.csv.gz
securebase report cost-analysis --tenant acme --range last-month --format pdf -o acme.pdf</code></pre>
<footer>Version ${escape(services.version)}, environment ${escape(services.environment)}.</footer>
</main></body></html>`;
  return { html, style: STYLE };
}
