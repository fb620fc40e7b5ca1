import * as z from "zod/mini";
import { shorten } from "../core/errors/bounded.ts";
import { type DomainError, invalid } from "../core/errors/errors.ts";
import { unknownNameFix } from "../core/errors/suggest.ts";
import { problemSpec } from "./problems.ts";

/** One field that is wrong. */
export interface FieldProblem {
  code: string;
  detail: string;
  field: string;
  fix?: string;
  allowed?: readonly string[];
}

/** The fields that are wrong, at most `MAX_PROBLEMS`, as the cause of the error that tells of the first. */
export class FieldProblems extends Error {
  readonly problems: readonly FieldProblem[];

  constructor(problems: readonly FieldProblem[]) {
    super(`${problems.length} fields are wrong`);
    this.problems = problems;
  }
}

type Issue = z.core.$ZodIssue;
const MARK = "known:";
/** Most fields an answer tells of; how many more are wrong is told in a number. */
const MAX_PROBLEMS = 10;
const MAX_FIELD = 120;

/** Describes a field that is wrong; only those that are told of are described. */
type Describe = () => FieldProblem;

/**
 * Checks a value against a schema of the contract.
 * @param where the part of the request in messages, e.g. `body` or `query`
 * @throws DomainError naming the field, what it has and what it may have: `request.missing-field`,
 *   `request.unknown-field`, `request.wrong-type`, `request.invalid-value`, or the code the schema itself names; with
 *   several problems the first ones are in its cause
 */
export function check<S extends z.ZodMiniType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = z.safeParse(schema, value, { error: describeKnownKeys });
  if (result.success) return result.data;
  const wrong = result.error.issues.flatMap((issue) => describe(issue, value, where));
  const problems = wrong.slice(0, MAX_PROBLEMS).map((describeOne) => describeOne());
  const [first] = problems;
  if (first === undefined) throw result.error;
  const { code, detail, ...rest } = first;
  const others = wrong.length - 1;
  if (others === 0) throw invalid(code, detail, rest);
  const more = others === 1 ? "1 more problem" : `${others.toLocaleString("en-US")} more problems`;
  const which = wrong.length > MAX_PROBLEMS ? `; the first ${MAX_PROBLEMS} are listed` : "";
  throw invalid(code, `${detail} (and ${more}${which})`, { ...rest, cause: new FieldProblems(problems) });
}

/** Issues of unknown keys do not say which keys there are; the schema behind them does. */
function describeKnownKeys(issue: z.core.$ZodRawIssue): string | undefined {
  if (issue.code !== "unrecognized_keys") return undefined;
  const definition = issue.inst?._zod.def as { shape?: object } | undefined;
  return MARK + Object.keys(definition?.shape ?? {}).join(",");
}

function describe(issue: Issue, root: unknown, where: string, base: readonly PropertyKey[] = []): Describe[] {
  const path = [...base, ...issue.path];
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => () => unknownKey(issue, key, path, where));
    case "invalid_union":
      return describeUnion(issue, root, where, path);
    default:
      return [() => describeValue(issue, valueAt(root, path), fieldName(path), where)];
  }
}

type UnknownKeys = Extract<Issue, { code: "unrecognized_keys" }>;

function unknownKey(
  issue: UnknownKeys,
  key: string,
  path: readonly PropertyKey[],
  where: string,
): FieldProblem {
  const known = issue.message.startsWith(MARK) ? issue.message.slice(MARK.length).split(",") : [];
  return {
    code: "request.unknown-field",
    detail: `${nameOf(fieldName(path), where)} has no field "${shorten(key)}"`,
    field: fieldName([...path, key]),
    allowed: known,
    fix: unknownNameFix(key, known),
  };
}

function nameOf(field: string, where: string): string {
  return field === "" ? `The ${where}` : field;
}

function describeValue(
  issue: Exclude<Issue, { code: "unrecognized_keys" | "invalid_union" }>,
  given: unknown,
  field: string,
  where: string,
): FieldProblem {
  const at = nameOf(field, where);
  switch (issue.code) {
    case "invalid_value": {
      const allowed = issue.values.map(String);
      if (given === undefined) return missing(at, field, where, allowed);
      return wrongValue(ownCode(issue), at, field, given, allowed);
    }
    case "invalid_type":
      if (given === undefined) return missing(at, field, where);
      return {
        code: ownCode(issue) ?? "request.wrong-type",
        detail: `${at} is ${typeName(given)}, not ${article(expectedName(issue.expected))}`,
        field,
        ...typeFix(issue.expected, given),
      };
    default:
      return {
        code: ownCode(issue) ?? "request.invalid-value",
        detail: `${at} ${boundText(issue)}, not ${show(given)}`,
        field,
        fix: boundFix(issue),
      };
  }
}

/** Of several shapes, the one the value comes closest to is explained. */
function describeUnion(
  issue: Extract<Issue, { code: "invalid_union" }>,
  root: unknown,
  where: string,
  path: readonly PropertyKey[],
): Describe[] {
  const given = valueAt(root, path);
  if (given === undefined || issue.errors.length === 0) {
    const allowed = "options" in issue ? (issue.options as unknown[]).map(String) : undefined;
    return [() => unionValue(issue, given, fieldName(path), where, allowed)];
  }
  const ranked = issue.errors
    .map((issues) => ({ issues, distance: issues.reduce((sum, each) => sum + weight(each, given), 0) }))
    .sort((a, b) => a.distance - b.distance);
  return (ranked[0]?.issues ?? []).flatMap((each) => describe(each, root, where, path));
}

/** A value that is missing, or that says which of the shapes it has in a word that names none. */
function unionValue(
  issue: Issue,
  given: unknown,
  field: string,
  where: string,
  allowed: readonly string[] | undefined,
): FieldProblem {
  const at = nameOf(field, where);
  if (given === undefined) return missing(at, field, where, allowed);
  return wrongValue(ownCode(issue), at, field, given, allowed ?? []);
}

/** A field of another shape, or a whole value of another type, is further away than a wrong value. */
function weight(issue: Issue, value: unknown): number {
  if (issue.code === "unrecognized_keys") return 2 * issue.keys.length;
  if (issue.code === "invalid_type" && issue.path.length === 0) return 5;
  return valueAt(value, issue.path) === undefined ? 2 : 1;
}

function missing(at: string, field: string, where: string, allowed?: readonly string[]): FieldProblem {
  return {
    code: "request.missing-field",
    detail: field === "" ? `The ${where} is missing` : `${at} is missing`,
    field,
    ...(allowed !== undefined && { allowed, fix: `Allowed: ${allowed.join(", ")}.` }),
  };
}

function wrongValue(
  code: string | undefined,
  at: string,
  field: string,
  given: unknown,
  allowed: readonly string[],
): FieldProblem {
  return {
    code: code ?? "request.invalid-value",
    detail: `${at} may not be ${show(given)}`,
    field,
    allowed,
    fix: unknownNameFix(typeof given === "string" ? given : show(given), allowed),
  };
}

/** A schema's own message is its problem code. */
function ownCode(issue: Issue): string | undefined {
  return problemSpec(issue.message) === undefined ? undefined : issue.message;
}

function boundText(issue: Issue): string {
  if (issue.code === "too_big" && issue.origin === "string")
    return `must have at most ${issue.maximum} characters`;
  if (issue.code === "too_small") return `must be at least ${issue.minimum}`;
  if (issue.code === "too_big") return `must be at most ${issue.maximum}`;
  if (issue.code === "invalid_format") return `must be ${article(issue.format)}`;
  return "has a value that is not allowed";
}

function boundFix(issue: Issue): string {
  if (issue.code === "too_big" && issue.origin === "string")
    return `Give a text of at most ${issue.maximum} characters.`;
  if (issue.code === "too_small") return `Give ${issue.minimum} or more.`;
  if (issue.code === "too_big") return `Give ${issue.maximum} or less.`;
  return "See /docs for the values it takes.";
}

function expectedName(expected: string): string {
  if (expected === "int") return "whole number";
  if (expected === "record") return "object";
  return expected === "array" ? "list" : expected;
}

function typeFix(expected: string, given: unknown): { fix: string } {
  if (expected === "string" && typeof given === "number") return { fix: `Write it as text: "${given}".` };
  if (expected === "array" && typeof given !== "object")
    return { fix: `Write it as a list: [${show(given)}].` };
  return { fix: `Give ${article(expectedName(expected))}.` };
}

function typeName(value: unknown): string {
  return typeof value === "object" ? show(value) : `${article(typeof value)} (${show(value)})`;
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? "an" : "a"} ${noun}`;
}

/** A value as a message shows it, never longer than a line. */
function show(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "an object";
  if (typeof value === "string") return JSON.stringify(shorten(value, 60));
  return value === undefined ? "missing" : JSON.stringify(value);
}

function fieldName(path: readonly PropertyKey[]): string {
  const name = path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? shorten(String(key)) : `${text}.${shorten(String(key))}`;
  }, "");
  return shorten(name, MAX_FIELD);
}

function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>(
    (value, key) =>
      typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[key] : undefined,
    root,
  );
}

/** The fields that are wrong, where an error came with a list of them. */
export function fieldProblems(error: DomainError): readonly FieldProblem[] {
  return error.cause instanceof FieldProblems ? error.cause.problems : [];
}
