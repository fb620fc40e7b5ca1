import { isUtf8 } from "node:buffer";
import type { SchemaNode } from "../../../core/parquet/footer.ts";
import type { LogicalType, TimeUnit } from "../../../core/parquet/logical-type.ts";
import { damaged, unsupported } from "./problem.ts";

/** A value's text from its bytes. */
export type TextReader = (bytes: Buffer, start: number, end: number) => string;

/**
 * How the values of a leaf read as text: exactly, and as the embedded store's engine writes them, so that both stores
 * make the same facts and rejections of a file. Instants are UTC.
 * @throws ParquetProblem when the type is none that a bill has
 */
export function textReader(leaf: SchemaNode): TextReader {
  switch (leaf.physical) {
    case "BOOLEAN":
      return (bytes, start) => (bytes.readUInt8(start) === 0 ? "false" : "true");
    case "FLOAT":
      return (bytes, start) => floatText(bytes.readFloatLE(start));
    case "DOUBLE":
      return (bytes, start) => doubleText(bytes.readDoubleLE(start));
    case "INT96":
      return (bytes, start) => timestampText(impalaMicros(bytes, start), "micros");
    case "INT32":
      return wholeReader(leaf, (bytes, start) => bytes.readInt32LE(start));
    case "INT64":
      return wholeReader(leaf, readLong);
    case "BYTE_ARRAY":
    case "FIXED_LEN_BYTE_ARRAY":
      return bytesReader(leaf);
    case undefined:
      throw damaged(`the column ${leaf.name} has no type`);
  }
}

/** A number as far as it is one exactly, else a bigint. */
type Whole = number | bigint;

function readLong(bytes: Buffer, start: number): Whole {
  const high = bytes.readInt32LE(start + 4);
  if (high >= -(2 ** 20) && high < 2 ** 20) return high * 2 ** 32 + bytes.readUInt32LE(start);
  return bytes.readBigInt64LE(start);
}

function wholeReader(leaf: SchemaNode, read: (bytes: Buffer, start: number) => Whole): TextReader {
  const { logical } = leaf;
  switch (logical?.kind) {
    case undefined:
      return (bytes, start) => String(read(bytes, start));
    case "integer":
      if (logical.signed) return (bytes, start) => String(read(bytes, start));
      return leaf.physical === "INT32"
        ? (bytes, start) => String(bytes.readUInt32LE(start))
        : (bytes, start) => String(bytes.readBigUInt64LE(start));
    case "decimal":
      return (bytes, start) => decimalText(String(read(bytes, start)), logical.scale);
    case "date":
      return (bytes, start) => dateText(Number(read(bytes, start)));
    case "timestamp": {
      const { unit, utc } = logical;
      if (!utc) return (bytes, start) => timestampText(read(bytes, start), unit);
      // The engine has no nanoseconds for instants with a zone.
      if (unit === "nanos")
        return (bytes, start) => `${timestampText(BigInt(read(bytes, start)) / 1000n, "micros")}+00`;
      return (bytes, start) => `${timestampText(read(bytes, start), unit)}+00`;
    }
    case "time": {
      const zone = logical.utc ? "+00" : "";
      return (bytes, start) => timeText(read(bytes, start), logical.unit) + zone;
    }
    default:
      throw unfit(leaf, logical);
  }
}

function bytesReader(leaf: SchemaNode): TextReader {
  const { logical } = leaf;
  switch (logical?.kind) {
    case undefined:
    case "text":
    case "json":
      return (bytes, start, end) => utf8Text(leaf, bytes, start, end);
    case "decimal":
      return (bytes, start, end) => decimalText(bigEndian(bytes, start, end).toString(), logical.scale);
    case "uuid":
      return (bytes, start, end) =>
        bytes.toString("hex", start, end).replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
    case "half-float":
      return (bytes, start) => floatText(halfFloat(bytes.readUInt16LE(start)));
    default:
      throw unfit(leaf, logical);
  }
}

function unfit(leaf: SchemaNode, logical: LogicalType | undefined): Error {
  if (logical === undefined) return damaged(`the column ${leaf.name} has no type`);
  const type = logical.kind === "other" ? logical.name : logical.kind;
  return unsupported(`values of the type ${type} (${leaf.physical ?? ""}) in ${leaf.name}`);
}

/** Decoding replaces what is no UTF-8, and only then is it worth a second look. */
function utf8Text(leaf: SchemaNode, bytes: Buffer, start: number, end: number): string {
  const text = bytes.toString("utf8", start, end);
  if (text.includes("\ufffd") && !isUtf8(bytes.subarray(start, end)))
    throw damaged(`a value of ${leaf.name} is not UTF-8`);
  return text;
}

function bigEndian(bytes: Buffer, start: number, end: number): bigint {
  if (end === start) return 0n;
  return BigInt.asIntN((end - start) * 8, BigInt(`0x${bytes.toString("hex", start, end)}`));
}

/** @param whole the number without its decimal point */
function decimalText(whole: string, scale: number): string {
  if (scale <= 0) return whole;
  const negative = whole.startsWith("-");
  const digits = (negative ? whole.slice(1) : whole).padStart(scale + 1, "0");
  return `${negative ? "-" : ""}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The shortest decimal that is read back as the same number, with an exponent below 10^-4 and from 10^16. */
export function doubleText(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  const [digits = "", exponent = "0"] = value.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16) {
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  }
  const text = String(value);
  return text.includes(".") ? text : `${text}.0`;
}

/**
 * The same for a number of 32 bits, which fewer digits tell apart. Where the shortest decimal lies between two such
 * numbers, or two are as close, the engine writes the number's 64-bit form instead.
 */
export function floatText(value: number): string {
  if (!Number.isFinite(value) || value === 0) return doubleText(value);
  const size = Math.abs(value);
  const least = (neighbour(size, -1) + size) / 2;
  const next = neighbour(size, 1);
  const most = Number.isFinite(next) ? (next + size) / 2 : 2 * size - least;
  for (let digits = 1; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.abs(short) < least || Math.abs(short) > most) continue;
    const longer = value.toPrecision(digits + 1);
    const halfway = Number(longer) === value && /5(e|$)/.test(longer.replace(/\.?0+(?=e|$)/, ""));
    const between = Math.abs(short) === least || Math.abs(short) === most;
    return doubleText(between || (halfway && short !== value) ? value : short);
  }
  return doubleText(Number(value.toPrecision(9)));
}

/** The next number of 32 bits, one up or down from a positive one. */
function neighbour(value: number, step: 1 | -1): number {
  const bits = Buffer.alloc(4);
  bits.writeFloatLE(value);
  bits.writeInt32LE(bits.readInt32LE(0) + step);
  return bits.readFloatLE(0);
}

function halfFloat(bits: number): number {
  const sign = bits >>> 15 === 0 ? 1 : -1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

const DAY_MS = 86_400_000;

function dateText(days: number): string {
  const ms = days * DAY_MS;
  const date = new Date(ms);
  if (Number.isNaN(date.getTime())) throw damaged(`a date ${days} days from 1970 cannot be told`);
  const year = date.getUTCFullYear();
  const rest = date.toISOString().slice(-20, -14);
  return year > 0 ? String(year).padStart(4, "0") + rest : `${String(1 - year).padStart(4, "0")}${rest} (BC)`;
}

const PER_SECOND: Readonly<Record<TimeUnit, bigint>> = {
  millis: 1_000n,
  micros: 1_000_000n,
  nanos: 1_000_000_000n,
};
const DAY_SECONDS = 86_400n;

function timestampText(value: Whole, unit: TimeUnit): string {
  const per = PER_SECOND[unit] * DAY_SECONDS;
  const whole = BigInt(value);
  const inDay = ((whole % per) + per) % per;
  return `${dateText(Number((whole - inDay) / per))} ${timeText(inDay, unit)}`;
}

function timeText(value: Whole, unit: TimeUnit): string {
  const whole = BigInt(value);
  const per = PER_SECOND[unit];
  const seconds = Number(whole / per);
  const two = (n: number): string => String(Math.floor(n)).padStart(2, "0");
  const clock = `${two(seconds / 3600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
  const fraction = whole % per;
  if (fraction === 0n) return clock;
  const digits = String(per).length - 1;
  return `${clock}.${String(fraction).padStart(digits, "0").replace(/0+$/, "")}`;
}

/** INT96 as Impala and Spark write instants: nanoseconds of the day, then its Julian number. */
function impalaMicros(bytes: Buffer, start: number): bigint {
  const nanos = bytes.readBigInt64LE(start);
  const days = BigInt(bytes.readInt32LE(start + 8)) - 2_440_588n;
  return days * DAY_SECONDS * 1_000_000n + nanos / 1000n;
}
