export interface Page {
  html: string;
  /** The page's own style and script as they stand in it: the only ones the browser may run. */
  style: string;
  script?: string;
}

/** Text as it may stand in HTML, attributes included. */
export function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&#39;");
}

/** Prose of the contract: escaped, with `code` set as code. */
export function prose(text: string): string {
  return escape(text).replace(/`([^`]+)`/g, "<code>$1</code>");
}

/** Colours, type and frame that the pages share; light or dark as the reader's system is. */
export const BASE_STYLE = `
:root{color-scheme:light dark;--bg:#fbfcfd;--card:#fff;--ink:#17202b;--soft:#5b6b7c;--line:#e1e7ed;--accent:#0f766e;--code:#f1f5f8;
--get:#0f766e;--post:#1d4ed8;--put:#b45309;--delete:#b91c1c}
@media(prefers-color-scheme:dark){:root{--bg:#10161d;--card:#171f28;--ink:#e6edf4;--soft:#9aabbb;--line:#2a3642;--accent:#5eead4;--code:#1e2833;
--get:#5eead4;--post:#93b4ff;--put:#fbbf6b;--delete:#fca5a5}}
*{box-sizing:border-box}
html{scroll-padding-top:1rem;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
a{color:var(--accent)}
a:focus-visible,button:focus-visible,input:focus-visible,summary:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
code,pre{font:13.5px/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace}
code{background:var(--code);border-radius:4px;padding:.1em .35em;overflow-wrap:anywhere}
pre{background:var(--code);border:1px solid var(--line);border-radius:8px;padding:.9rem 1rem;margin:.6rem 0;overflow:auto}
pre code{background:none;padding:0;white-space:pre-wrap}
h1,h2,h3,h4{line-height:1.25;margin:0}
.badge{display:inline-block;border:1px solid currentColor;border-radius:999px;padding:0 .6em;font-size:.8rem;font-weight:600}
`;
