/**
 * Tags as cost files write them, flattened: a JSON object, or a list of key and value pairs
 * (`[{"Key": "env", "Value": "prod"}]`, any case). Values become strings, nested ones their JSON; a tag whose value
 * is null is left out. Of a key given twice the last one counts.
 * @returns undefined when the text is neither
 */
export function tryParseTags(text: string): Record<string, string> | undefined {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const entries = Array.isArray(parsed) ? pairsOf(parsed) : Object.entries(parsed);
  if (entries === undefined) return undefined;
  const tags = new Map<string, string>();
  for (const [key, value] of entries) {
    if (value === null || value === undefined) tags.delete(key);
    else tags.set(key, typeof value === "string" ? value : JSON.stringify(value));
  }
  return Object.fromEntries(tags);
}

function pairsOf(list: readonly unknown[]): [string, unknown][] | undefined {
  const pairs: [string, unknown][] = [];
  for (const item of list) {
    if (typeof item !== "object" || item === null || Array.isArray(item)) return undefined;
    const fields = new Map(
      Object.entries(item).map(([name, value]) => [name.toLowerCase(), value as unknown]),
    );
    const key = fields.get("key");
    if (typeof key !== "string" && typeof key !== "number" && typeof key !== "boolean") return undefined;
    pairs.push([String(key), fields.get("value")]);
  }
  return pairs;
}
