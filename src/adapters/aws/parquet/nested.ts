import type { SchemaNode } from "../../../core/parquet/footer.ts";
import type { LeafValues } from "./leaf-reader.ts";
import { damaged } from "./problem.ts";
import { doubleText } from "./texts.ts";

/** A place among a leaf's values. */
interface Cursor {
  values: LeafValues;
  at: number;
  end: number;
}

/** Takes the next value off the cursors below it, as JSON; null when it is not there. */
type Take = () => string | null;

/** Joins the leaves of a list, map or struct to one JSON text a row. */
export class NestedReader {
  readonly leaves: readonly SchemaNode[];
  readonly #cursors: Cursor[];
  readonly #take: Take;

  constructor(column: SchemaNode) {
    this.leaves = leavesOf(column);
    this.#cursors = this.leaves.map(() => ({
      values: { texts: [], definitions: [], repetitions: [], starts: [] },
      ...{ at: 0, end: 0 },
    }));
    const cursorOf = new Map(this.leaves.map((leaf, i) => [leaf, this.#cursors[i]]));
    this.#take = valueTaker(column, (node) =>
      leavesOf(node).flatMap((leaf) => {
        const cursor = cursorOf.get(leaf);
        return cursor === undefined ? [] : [cursor];
      }),
    );
  }

  /**
   * @param all what the leaves hold, in their order
   * @throws ParquetProblem when the leaves do not fit together
   */
  read(all: readonly LeafValues[], rows: number): (string | null)[] {
    const texts: (string | null)[] = [];
    for (let row = 0; row < rows; row++) {
      this.#cursors.forEach((cursor, i) => {
        const values = all[i] ?? cursor.values;
        cursor.values = values;
        cursor.at = values.starts[row] ?? 0;
        cursor.end = values.starts[row + 1] ?? 0;
      });
      texts.push(this.#take());
      if (this.#cursors.some(({ at, end }) => at !== end)) throw damaged("the parts of a column do not fit");
    }
    return texts;
  }
}

/** The leaves below a node, or itself. */
export function leavesOf(node: SchemaNode): SchemaNode[] {
  return node.children.length === 0 ? [node] : node.children.flatMap(leavesOf);
}

type CursorsOf = (node: SchemaNode) => readonly Cursor[];

function valueTaker(node: SchemaNode, cursorsOf: CursorsOf): Take {
  const one = oneTaker(node, cursorsOf);
  // A repeated node that no list wraps is a list of its own.
  if (node.repetition === "repeated") return repeatedTaker(node, cursorsOf, itemsText(one));
  if (node.repetition === "required") return one;
  const cursors = cursorsOf(node);
  return () => (isThere(node, cursors) ? one() : skip(cursors));
}

/** Of a value that is there, or of one item of a repeated node. */
function oneTaker(node: SchemaNode, cursorsOf: CursorsOf): Take {
  const cursors = cursorsOf(node);
  const [child] = node.children;
  if (child === undefined) return leafTaker(node, cursors);
  const wraps = node.children.length === 1 && child.repetition === "repeated";
  if (node.logical?.kind === "map" && wraps && child.children.length === 2) {
    return repeatedTaker(child, cursorsOf, entriesText(child, cursorsOf));
  }
  if (node.logical?.kind === "list" && wraps) {
    const [item] = child.children;
    // Old writers leave out the level in between: https://github.com/apache/parquet-format/blob/master/LogicalTypes.md#lists
    const inner =
      item === undefined ||
      child.children.length > 1 ||
      child.name === "array" ||
      child.name === `${node.name}_tuple`
        ? oneTaker(child, cursorsOf)
        : valueTaker(item, cursorsOf);
    return repeatedTaker(child, cursorsOf, itemsText(inner));
  }
  const fields = node.children.map(
    (field) => [`${JSON.stringify(field.name)}:`, valueTaker(field, cursorsOf)] as const,
  );
  return () => `{${fields.map(([name, take]) => `${name}${take() ?? "null"}`).join(",")}}`;
}

interface RepeatedText {
  open: string;
  close: string;
  item: () => string;
}

function itemsText(take: Take): RepeatedText {
  return { open: "[", close: "]", item: () => take() ?? "null" };
}

function entriesText(entry: SchemaNode, cursorsOf: CursorsOf): RepeatedText {
  const [key, value] = entry.children.map((child) => valueTaker(child, cursorsOf));
  const item = (): string => {
    const name = key?.() ?? null;
    if (name === null) throw damaged("a map has an entry without a key");
    return `${name.startsWith('"') ? name : JSON.stringify(name)}:${value?.() ?? "null"}`;
  };
  return { open: "{", close: "}", item };
}

function repeatedTaker(node: SchemaNode, cursorsOf: CursorsOf, text: RepeatedText): Take {
  const cursors = cursorsOf(node);
  const [first] = cursors;
  return () => {
    if (first === undefined || !isThere(node, cursors)) {
      skip(cursors);
      return text.open + text.close;
    }
    let joined = text.open + text.item();
    while (first.at < first.end && first.values.repetitions[first.at] === node.maxRepetition)
      joined += `,${text.item()}`;
    return joined + text.close;
  };
}

function leafTaker(node: SchemaNode, [cursor]: readonly Cursor[]): Take {
  const toJson = leafJson(node);
  return () => {
    const text = cursor?.values.texts[cursor.at] ?? null;
    if (cursor !== undefined) cursor.at++;
    return text === null ? null : toJson(text);
  };
}

function isThere(node: SchemaNode, [first]: readonly Cursor[]): boolean {
  return (
    first !== undefined &&
    first.at < first.end &&
    (first.values.definitions[first.at] ?? 0) >= node.maxDefinition
  );
}

/** A value that is not there is one place in each of its leaves. */
function skip(cursors: readonly Cursor[]): null {
  for (const cursor of cursors) cursor.at++;
  return null;
}

/** As the embedded store's engine writes values in JSON: numbers bare, all else as texts. */
function leafJson({ physical, logical }: SchemaNode): (text: string) => string {
  if (logical?.kind === "json" || physical === "BOOLEAN") return (text) => text;
  if (physical === "DOUBLE") return (text) => numberJson(Number(text));
  if (physical === "FLOAT" || logical?.kind === "half-float")
    return (text) => numberJson(Math.fround(Number(text)));
  if (logical?.kind === "decimal") return decimalJson;
  const whole = physical === "INT32" || physical === "INT64";
  if (whole && (logical === undefined || logical.kind === "integer")) return (text) => text;
  return (text) => JSON.stringify(text);
}

function numberJson(value: number): string {
  if (!Number.isFinite(value) || value === 0) {
    const word = doubleText(value);
    return { nan: "NaN", inf: "Infinity", "-inf": "-Infinity" }[word] ?? word;
  }
  const text = String(value).replace("e+", "e");
  return /[.e]/.test(text) ? text : `${text}.0`;
}

function decimalJson(text: string): string {
  const short = text.replace(/(\.\d+?)0+$/, "$1");
  return short.includes(".") ? short : `${short}.0`;
}
