/** An element of a parsed document; `text` is the character data directly in it. */
export interface XmlElement {
  name: string;
  attributes: Record<string, string>;
  children: XmlElement[];
  text: string;
}

const TOKEN = /<\?[^?]*\?>|<!--[\s\S]*?-->|<(\/?)([\w:.-]+)((?:\s+[\w:.-]+="[^"<]*")*)\s*(\/?)>|([^<]+)/y;
const ATTRIBUTE = /([\w:.-]+)="([^"<]*)"/g;
const ENTITY = /&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));/g;
const NAMED: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
/** XML 1.0, 2.2: what may not stand in a document, escaped or not. */

const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/u;

/**
 * Parses XML strictly enough to refuse what a spreadsheet program would call corrupt: forbidden characters, stray `<`
 * or `&`, tags that do not match. No DTD, no CDATA, which a writer of SpreadsheetML does not need.
 */
export function parseXml(xml: string): XmlElement {
  if (FORBIDDEN.test(xml)) throw new Error("a character that XML 1.0 cannot hold");
  const top: XmlElement = { name: "", attributes: {}, children: [], text: "" };
  const open = [top];
  TOKEN.lastIndex = 0;
  for (let at = 0; at < xml.length; at = TOKEN.lastIndex) {
    const token = TOKEN.exec(xml);
    if (token === null) throw new Error(`not well-formed at ${at}: ${xml.slice(at, at + 80)}`);
    const [, slash, name, attributes = "", selfClosing, text] = token;
    const parent = open.at(-1);
    if (parent === undefined) throw new Error("more closing tags than opening ones");
    if (text !== undefined) parent.text += unescape(text);
    else if (name === undefined) continue;
    else if (slash === "/") {
      if (parent.name !== name) throw new Error(`</${name}> closes <${parent.name}>`);
      open.pop();
    } else {
      const element = { name, attributes: attributesOf(attributes), children: [], text: "" };
      parent.children.push(element);
      if (selfClosing !== "/") open.push(element);
    }
  }
  const [root, ...more] = top.children;
  if (open.length !== 1 || root === undefined || more.length > 0)
    throw new Error("not one closed root element");
  return root;
}

function attributesOf(text: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const [, name = "", value = ""] of text.matchAll(ATTRIBUTE)) {
    if (name in found) throw new Error(`attribute ${name} twice`);
    found[name] = unescape(value);
  }
  return found;
}

function unescape(text: string): string {
  if (/&(?!(?:#\d+|#x[0-9a-fA-F]+|\w+);)/.test(text)) throw new Error(`stray & in ${text.slice(0, 80)}`);
  // A reader turns line ends into a line feed before it looks at references (XML 1.0, 2.11).
  return text
    .replace(/\r\n?/g, "\n")
    .replace(ENTITY, (_, decimal: string | undefined, hex: string, name: string) => {
      const named = NAMED[name];
      if (named !== undefined) return named;
      return String.fromCodePoint(decimal === undefined ? Number.parseInt(hex, 16) : Number(decimal));
    });
}

/** All elements of a name, anywhere below. */
export function elements(root: XmlElement, name: string): XmlElement[] {
  return root.children.flatMap((child) => [
    ...(child.name === name ? [child] : []),
    ...elements(child, name),
  ]);
}
