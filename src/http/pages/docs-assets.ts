import { BASE_STYLE } from "./html.ts";

export const DOCS_STYLE = `${BASE_STYLE}
body{display:grid;grid-template-columns:17rem minmax(0,1fr)}
nav{position:sticky;top:0;height:100vh;overflow:auto;border-right:1px solid var(--line);background:var(--card);padding:1.2rem 1rem;font-size:.92rem}
nav .home{font-weight:700;text-decoration:none;color:var(--ink)}
nav h2{font-size:.75rem;text-transform:uppercase;letter-spacing:.06em;color:var(--soft);margin:1.1rem 0 .2rem}
nav ul{list-style:none;margin:.3rem 0;padding:0}
nav li a{display:flex;gap:.5rem;align-items:baseline;padding:.22rem .4rem;border-radius:6px;text-decoration:none;color:var(--ink)}
nav li a:hover,nav li a[aria-current]{background:var(--code)}
nav input{width:100%;margin:.9rem 0 .2rem;padding:.45rem .6rem;font:inherit;color:inherit;background:var(--bg);border:1px solid var(--line);border-radius:8px}
main{max-width:58rem;padding:2.2rem clamp(1rem,4vw,3rem) 6rem}
h1{font-size:2rem;letter-spacing:-.02em}
.soft{color:var(--soft)}
.skip{position:absolute;left:-99rem}.skip:focus{left:.5rem;top:.5rem;background:var(--card);padding:.5rem;z-index:1}
.group{margin-top:3rem}.group>h2{font-size:1.45rem;border-bottom:1px solid var(--line);padding-bottom:.4rem}
.group>h3{margin:1.8rem 0 .5rem}
article{background:var(--card);border:1px solid var(--line);border-radius:12px;padding:1.2rem 1.3rem;margin:1.2rem 0}
article:target{border-color:var(--accent)}
article h3{font-size:1.05rem;display:flex;gap:.6rem;align-items:center;flex-wrap:wrap}
article h4{font-size:.92rem;margin:1.3rem 0 .3rem}
.path{background:none;padding:0;font-size:1rem;font-weight:600}
.summary{margin:.5rem 0 0;font-weight:600}.anchor{color:inherit;text-decoration:none}
.badge{font-weight:500;margin-left:.3rem}
.method{display:inline-block;min-width:3.6em;text-align:center;font:600 .72rem/1.6 ui-monospace,Menlo,Consolas,monospace;border:1px solid currentColor;border-radius:5px;padding:0 .35em}
nav .method{font-size:.62rem;flex:0 0 5.2em}
.method.get{color:var(--get)}.method.post{color:var(--post)}.method.put{color:var(--put)}.method.delete{color:var(--delete)}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:.92rem;margin:.4rem 0}
th,td{text-align:left;vertical-align:top;padding:.42rem .8rem .42rem 0;border-top:1px solid var(--line)}
thead th{border-top:0;color:var(--soft);font-weight:500;font-size:.82rem}
tbody th{font-weight:500;white-space:nowrap}
.fields td:nth-child(2){min-width:11rem}.fields td:nth-child(3){min-width:14rem}td code{overflow-wrap:normal;white-space:nowrap}
tr:target{background:var(--code)}
.ok{color:var(--get)}
.req{color:var(--delete);font-size:.75rem}
.choice{border-left:3px solid var(--line);padding-left:.9rem}.or{margin:.3rem 0}
.snippet{position:relative}.snippet pre{padding-right:5.5rem}
.copy{position:absolute;top:.5rem;right:.5rem;font:inherit;font-size:.78rem;color:var(--ink);background:var(--card);border:1px solid var(--line);border-radius:6px;padding:.1rem .6rem;cursor:pointer}
details{margin:.3rem 0}summary{cursor:pointer}
#schemas~details>summary{font-weight:600}
[hidden]{display:none!important}
@media(max-width:52rem){:is(.stack,.fields) thead{display:none}:is(.stack,.fields) :is(tr,th,td){display:block}:is(.stack,.fields) :is(th,td){border:0;padding:.15rem 0;min-width:0}:is(.stack,.fields) tr{border-top:1px solid var(--line);padding:.5rem 0}body{display:block}nav{position:static;height:auto;border-right:0;border-bottom:1px solid var(--line)}nav section,nav>ul{display:none}nav:focus-within section,nav:focus-within>ul{display:block}}
@media print{body{display:block}nav,.copy{display:none}article{break-inside:avoid}}
`;

/** Filters the operations, copies snippets, opens the schema a link leads to. The page reads without it, too. */
export const DOCS_SCRIPT = `
const filter=document.getElementById("filter");
filter.addEventListener("input",()=>{const words=filter.value.toLowerCase().split(/\\s+/).filter(Boolean);
for(const item of document.querySelectorAll("nav [data-words]"))item.hidden=!words.every(w=>item.dataset.words.includes(w));
for(const group of document.querySelectorAll("nav section"))group.hidden=!group.querySelector("li:not([hidden])")});
document.addEventListener("click",async e=>{const button=e.target.closest(".copy");if(!button)return;
try{await navigator.clipboard.writeText(button.parentElement.querySelector("code").textContent);button.textContent="Copied"}
catch{button.textContent="Select and copy"}
setTimeout(()=>{button.textContent="Copy"},1500)});
const open=()=>{const target=document.getElementById(decodeURIComponent(location.hash.slice(1)));
if(target?.tagName==="DETAILS"){target.open=true;target.scrollIntoView()}};
addEventListener("hashchange",open);open();
`;
