import { ThriftReader } from "./thrift.ts";

/** Both ends of a Parquet file. */
export const PARQUET_MAGIC = "PAR1";

interface SchemaElement {
  name: string;
  children: number;
}

/**
 * The names of a file's top-level columns, from its metadata, which lies before the length and the magic number at its
 * end. https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift
 * @throws Error when it is no Parquet metadata
 */
export function columnNames(footer: Uint8Array): string[] {
  const reader = new ThriftReader(footer);
  const elements: SchemaElement[] = [];
  reader.struct((id) => {
    if (id !== 2) return false;
    reader.list(() => elements.push(readElement(reader)));
    return true;
  });
  return topLevel(elements);
}

function readElement(reader: ThriftReader): SchemaElement {
  const element: SchemaElement = { name: "", children: 0 };
  reader.struct((id) => {
    if (id === 4) element.name = reader.text();
    else if (id === 5) element.children = reader.integer();
    else return false;
    return true;
  });
  return element;
}

/** The schema is a depth-first list from the root on; each element says how many of the following are its children. */
function topLevel(elements: readonly SchemaElement[]): string[] {
  const names: string[] = [];
  let at = 0;
  const walk = (depth: number): void => {
    const element = elements[at++];
    if (element === undefined) throw new RangeError("Parquet schema ends early");
    if (depth === 1) names.push(element.name);
    for (let child = 0; child < element.children; child++) walk(depth + 1);
  };
  if (elements.length > 0) walk(0);
  return names;
}
