import {
  PARQUET_MAGIC,
  type ParquetFooter,
  readFooter,
  type RowGroup,
  type SchemaNode,
} from "../../../core/parquet/footer.ts";
import type { InputFile } from "../../../ports/load.ts";
import { type ByteSource, openBytes } from "./byte-source.ts";
import { LeafReader } from "./leaf-reader.ts";
import { NestedReader } from "./nested.ts";
import { PageReader } from "./pages.ts";
import { damaged, translateProblem } from "./problem.ts";

/** Rows handed out together. */
const BATCH = 1024;

export interface ParquetColumn {
  name: string;
  /** Binary floating point, whose shortest decimal is what its text is. */
  float: boolean;
  /** Text as it was written, where a word may stand for no value. */
  text: boolean;
}

/** A Parquet file whose rows are read as text; see `textReader`. */
export interface ParquetFile {
  columns: readonly ParquetColumn[];
  /**
   * The rows in batches, by page and row group, so that memory does not grow with the file.
   * @param wanted positions of the columns to read; the others are null
   * @throws DomainError `import.damaged`, `import.unsupported`
   */
  rows(wanted: readonly number[]): AsyncGenerator<(string | null)[][]>;
  close(): Promise<void>;
}

/** @throws DomainError `import.damaged` */
export async function openParquet(file: InputFile): Promise<ParquetFile> {
  const source = await openBytes(file);
  try {
    const footer = await footerOf(source);
    return {
      columns: describe(footer.columns),
      rows: (wanted) => translated(file.name, readRows(source, footer, wanted)),
      close: () => source.close(),
    };
  } catch (error) {
    await source.close();
    throw translateProblem(file.name, error);
  }
}

async function* translated<T>(name: string, rows: AsyncGenerator<T>): AsyncGenerator<T> {
  try {
    yield* rows;
  } catch (error) {
    throw translateProblem(name, error);
  }
}

async function footerOf(source: ByteSource): Promise<ParquetFooter> {
  const end = await source.read(source.size - 8, 8);
  const length = end.readUInt32LE(0);
  if (end.toString("latin1", 4) !== PARQUET_MAGIC || length > source.size - 12)
    throw damaged("it begins as Parquet and its end is missing or broken");
  const footer = readFooter(await source.read(source.size - 8 - length, length));
  const rows = footer.rowGroups.reduce((sum, group) => sum + group.rows, 0);
  if (rows !== footer.rows) throw damaged("its parts have another number of rows than the whole");
  return footer;
}

/** Of columns of the same name, which are compared without case, only the first keeps it. */
function describe(nodes: readonly SchemaNode[]): ParquetColumn[] {
  const taken = new Set<string>();
  return nodes.map((node) => {
    let name = node.name;
    for (let i = 1; taken.has(name.toLowerCase()); i++) name = `${node.name}_${i}`;
    taken.add(name.toLowerCase());
    const flat = isFlat(node);
    const { physical, logical } = node;
    const isBytes = physical === "BYTE_ARRAY" || physical === "FIXED_LEN_BYTE_ARRAY";
    return {
      name,
      float: flat && (physical === "FLOAT" || physical === "DOUBLE" || logical?.kind === "half-float"),
      text: flat && isBytes && (logical === undefined || logical.kind === "text"),
    };
  });
}

function isFlat(node: SchemaNode): boolean {
  return node.children.length === 0 && node.repetition !== "repeated";
}

/** Reads some rows of a column. */
type TakeColumn = (rows: number) => Promise<(string | null)[]>;

async function* readRows(
  source: ByteSource,
  { columns, rowGroups }: ParquetFooter,
  wanted: readonly number[],
): AsyncGenerator<(string | null)[][]> {
  const used = [...new Set(wanted)].flatMap((at) => {
    const node = columns[at];
    return node === undefined ? [] : [{ at, node }];
  });
  for (const group of rowGroups) {
    const readers: LeafReader[] = [];
    const takers = used.map(({ at, node }) => ({ at, take: columnTaker(source, group, node, readers) }));
    for (let left = group.rows; left > 0; left -= BATCH) {
      const count = Math.min(left, BATCH);
      const rows = Array.from({ length: count }, () => new Array<string | null>(columns.length).fill(null));
      for (const { at, take } of takers) {
        const texts = await take(count);
        for (let i = 0; i < count; i++) {
          const row = rows[i];
          if (row !== undefined) row[at] = texts[i] ?? null;
        }
      }
      yield rows;
    }
    for (const reader of readers)
      if (!(await reader.isDone())) throw damaged("a column has more rows than the file says");
  }
}

/** @param readers where the leaves' readers are added */
function columnTaker(
  source: ByteSource,
  group: RowGroup,
  column: SchemaNode,
  readers: LeafReader[],
): TakeColumn {
  const chunkOf = chunkFinder(group, column);
  const open = (leaf: SchemaNode, flat: boolean): LeafReader => {
    const reader = new LeafReader(new PageReader(source, leaf, chunkOf(leaf)), leaf, flat);
    readers.push(reader);
    return reader;
  };
  if (isFlat(column)) {
    const reader = open(column, true);
    return async (rows) => (await reader.take(rows)).texts;
  }
  const nested = new NestedReader(column);
  const leaves = nested.leaves.map((leaf) => open(leaf, false));
  return async (rows) => {
    const all = [];
    for (const leaf of leaves) all.push(await leaf.take(rows));
    return nested.read(all, rows);
  };
}

function chunkFinder(group: RowGroup, column: SchemaNode): (leaf: SchemaNode) => RowGroup["columns"][number] {
  const byPath = new Map(group.columns.map((chunk) => [chunk.path.join("\0"), chunk]));
  const paths = new Map<SchemaNode, string>();
  const walk = (node: SchemaNode, above: string): void => {
    const path = above === "" ? node.name : `${above}\0${node.name}`;
    paths.set(node, path);
    for (const child of node.children) walk(child, path);
  };
  walk(column, "");
  return (leaf) => {
    const chunk = byPath.get(paths.get(leaf) ?? "");
    if (chunk === undefined) throw damaged(`the column ${leaf.name} is not in all of its parts`);
    return chunk;
  };
}
