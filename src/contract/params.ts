import type * as z from "zod/mini";
import { shorten } from "../core/errors/bounded.ts";
import { invalid } from "../core/errors/errors.ts";
import { notes } from "./schemas/registry.ts";

type Shape = Readonly<Record<string, z.core.$ZodType>>;

/** How a parameter is written in a URL. */
export interface ParamKind {
  type: "string" | "number" | "boolean" | "list";
  /** A list that is written by repeating the parameter instead of by commas. */
  repeated: boolean;
}

function unwrap(schema: z.core.$ZodType): z.core.$ZodType {
  const definition = schema._zod.def as { type: string; innerType?: z.core.$ZodType };
  return definition.innerType === undefined ? schema : unwrap(definition.innerType);
}

/** The parameters a schema of URL parameters has. */
export function paramKinds(schema: z.ZodMiniType): Map<string, ParamKind> {
  const { shape = {} } = schema._zod.def as unknown as { shape?: Shape };
  return new Map(
    Object.entries(shape).map(([name, field]) => {
      const inner = unwrap(field);
      const { type } = inner._zod.def as { type: string };
      const kind =
        type === "array" ? "list" : type === "number" || type === "boolean" ? type : ("string" as const);
      return [name, { type: kind, repeated: notes.get(inner)?.repeated === true }];
    }),
  );
}

/**
 * Reads URL parameters into the types their schema has: numbers, booleans and lists where the text is one. What is
 * not is left as text for the check to name; an empty parameter counts as absent.
 * @throws DomainError `request.repeated-parameter`
 */
export function decodeParams(schema: z.ZodMiniType, params: URLSearchParams): Record<string, unknown> {
  const kinds = paramKinds(schema);
  const decoded: Record<string, unknown> = {};
  for (const [name, values] of given(params)) {
    const kind = kinds.get(name) ?? { type: "string", repeated: false };
    if (kind.type === "list") {
      decoded[name] = kind.repeated
        ? values
        : values
            .flatMap((value) => value.split(",").map((part) => part.trim()))
            .filter((part) => part !== "");
      continue;
    }
    if (values.length > 1) {
      throw invalid("request.repeated-parameter", `${shorten(name)} is given ${values.length} times`, {
        field: name,
        fix: "Give it once.",
      });
    }
    decoded[name] = decodeOne(values[0] ?? "", kind.type);
  }
  return decoded;
}

/** All values of each parameter that has one. */
function given(params: URLSearchParams): Map<string, string[]> {
  const values = new Map<string, string[]>();
  for (const [name, value] of params) {
    if (value === "") continue;
    const others = values.get(name);
    if (others === undefined) values.set(name, [value]);
    else others.push(value);
  }
  return values;
}

function decodeOne(text: string, type: ParamKind["type"]): unknown {
  if (type === "number" && /^-?\d{1,15}(\.\d+)?$/.test(text)) return Number(text);
  if (type === "boolean" && (text === "true" || text === "false")) return text === "true";
  return text;
}

type ParamValue = string | number | boolean | readonly string[] | undefined;

/** The inverse of `decodeParams`: writes what is not undefined. */
export function encodeParams(schema: z.ZodMiniType, values: object): URLSearchParams {
  const params = new URLSearchParams();
  const kinds = paramKinds(schema);
  for (const [name, value] of Object.entries(values) as [string, ParamValue][]) {
    if (value === undefined) continue;
    if (!Array.isArray(value)) params.set(name, String(value));
    else if (kinds.get(name)?.repeated === true) for (const each of value) params.append(name, String(each));
    else params.set(name, value.map(String).join(","));
  }
  return params;
}
