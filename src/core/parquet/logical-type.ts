import type { ThriftReader } from "./thrift.ts";

export type TimeUnit = "millis" | "micros" | "nanos";

/** What the values of a column mean, beside how they lie in the file; see Parquet's `LogicalType`. */
export type LogicalType =
  | { kind: "text" | "json" | "list" | "map" | "date" | "uuid" | "half-float" }
  | { kind: "decimal"; scale: number }
  | { kind: "time" | "timestamp"; unit: TimeUnit; utc: boolean }
  | { kind: "integer"; signed: boolean }
  /** One that is known by name only. */
  | { kind: "other"; name: string };

const SIMPLE: Readonly<Record<number, LogicalType>> = {
  1: { kind: "text" },
  2: { kind: "map" },
  3: { kind: "list" },
  4: { kind: "text" },
  6: { kind: "date" },
  12: { kind: "json" },
  13: { kind: "other", name: "BSON" },
  14: { kind: "uuid" },
  15: { kind: "half-float" },
  16: { kind: "other", name: "VARIANT" },
  17: { kind: "other", name: "GEOMETRY" },
  18: { kind: "other", name: "GEOGRAPHY" },
};

const UNITS: Readonly<Record<number, TimeUnit>> = { 1: "millis", 2: "micros", 3: "nanos" };

/** Reads the union `LogicalType`. */
export function readLogicalType(reader: ThriftReader): LogicalType | undefined {
  let found: LogicalType | undefined;
  reader.struct((id) => {
    found = SIMPLE[id];
    if (id === 5) found = readDecimal(reader);
    else if (id === 7 || id === 8) found = readTime(reader, id === 7 ? "time" : "timestamp");
    else if (id === 10) found = readInteger(reader);
    else return false;
    return true;
  });
  return found;
}

function readDecimal(reader: ThriftReader): LogicalType {
  let scale = 0;
  reader.struct((id) => {
    if (id !== 1) return false;
    scale = reader.integer();
    return true;
  });
  return { kind: "decimal", scale };
}

function readTime(reader: ThriftReader, kind: "time" | "timestamp"): LogicalType {
  let utc = false;
  let unit: TimeUnit = "micros";
  reader.struct((id) => {
    if (id === 1) utc = reader.flag();
    else if (id === 2) {
      reader.struct((which) => {
        unit = UNITS[which] ?? unit;
        return false;
      });
    } else return false;
    return true;
  });
  return { kind, unit, utc };
}

function readInteger(reader: ThriftReader): LogicalType {
  let signed = true;
  reader.struct((id) => {
    if (id === 2) signed = reader.flag();
    return id === 2;
  });
  return { kind: "integer", signed };
}

const time = (kind: "time" | "timestamp", unit: TimeUnit): LogicalType => ({ kind, unit, utc: false });
const integer = (signed: boolean): LogicalType => ({ kind: "integer", signed });

/** The older annotation by its number; it does not say whether a time is one of UTC. */
const CONVERTED: readonly (LogicalType | undefined)[] = [
  ...([{ kind: "text" }, { kind: "map" }, undefined, { kind: "list" }, { kind: "text" }] as const),
  ...[undefined, { kind: "date" } as const, time("time", "millis"), time("time", "micros")],
  ...[time("timestamp", "millis"), time("timestamp", "micros")],
  ...[integer(false), integer(false), integer(false), integer(false)],
  ...[integer(true), integer(true), integer(true), integer(true)],
  ...([{ kind: "json" }, { kind: "other", name: "BSON" }, { kind: "other", name: "INTERVAL" }] as const),
];

/** What `ConvertedType` says, for files without the newer annotation. */
export function convertedType(converted: number | undefined, scale: number): LogicalType | undefined {
  if (converted === undefined) return undefined;
  return converted === 5 ? { kind: "decimal", scale } : CONVERTED[converted];
}
