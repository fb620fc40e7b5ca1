import type { Json, JsonObject } from "../../contract/openapi.ts";
import { escape, prose } from "./html.ts";

const isObject = (value: Json | undefined): value is JsonObject =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const objects = (value: Json | undefined): JsonObject[] =>
  Array.isArray(value) ? value.filter(isObject) : [];

const text = (value: Json): string => (typeof value === "string" ? value : JSON.stringify(value));

/** A schema's type in a few words, with a link where it has a name. */
export function typeOf(schema: JsonObject): string {
  const reference = schema["$ref"];
  if (typeof reference === "string") {
    const name = escape(reference.replace("#/components/schemas/", ""));
    return `<a href="#schema-${name}">${name}</a>`;
  }
  if (Array.isArray(schema["enum"])) {
    return schema["enum"].map((value) => `<code>${escape(text(value))}</code>`).join(" | ");
  }
  if (schema["const"] !== undefined) return `<code>${escape(text(schema["const"]))}</code>`;
  const choices = [...objects(schema["anyOf"]), ...objects(schema["oneOf"])];
  if (choices.length > 0) return choices.map(typeOf).join(" or ");
  if (schema["type"] === "array")
    return `list of ${isObject(schema["items"]) ? typeOf(schema["items"]) : "anything"}`;
  if (schema["type"] === "object" && isObject(schema["properties"])) {
    const fields = Object.entries(schema["properties"]).map(
      ([name, field]) => `${escape(name)}: ${isObject(field) ? typeOf(field) : "anything"}`,
    );
    return `{ ${fields.join(", ")} }`;
  }
  if (schema["type"] === "object") {
    const values = schema["additionalProperties"];
    return `map to ${isObject(values) ? typeOf(values) : "anything"}`;
  }
  return typeof schema["type"] === "string"
    ? (TYPE_WORDS[schema["type"]] ?? escape(schema["type"]))
    : "anything";
}

const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "text",
  integer: "whole number",
  boolean: "true or false",
  null: "null",
};

/** The fields of an object as a table; the choices of a union one below the other. */
export function fieldTable(schema: JsonObject): string {
  const choices = [...objects(schema["anyOf"]), ...objects(schema["oneOf"])];
  if (choices.length > 0)
    return choices
      .map((choice) => `<div class="choice">${fieldTable(choice)}</div>`)
      .join('<p class="soft or">or</p>');
  const properties = schema["properties"];
  if (!isObject(properties)) return `<p>${typeOf(schema)}</p>`;
  const required = Array.isArray(schema["required"]) ? schema["required"] : [];
  const rows = Object.entries(properties).map(([name, field]) => {
    const own = isObject(field) ? field : {};
    return `<tr><th scope="row"><code>${escape(name)}</code>${required.includes(name) ? ' <span class="req">required</span>' : ""}</th><td>${typeOf(own)}${bounds(own)}</td><td>${about(own)}</td></tr>`;
  });
  return `<div class="scroll"><table class="fields"><thead><tr><th scope="col">Field</th><th scope="col">Type</th><th scope="col">Meaning</th></tr></thead><tbody>${rows.join("")}</tbody></table></div>`;
}

function bounds({ minimum, maximum }: JsonObject): string {
  if (typeof minimum === "number" && typeof maximum === "number") return `, ${minimum} to ${maximum}`;
  if (typeof minimum === "number") return `, from ${minimum}`;
  return typeof maximum === "number" ? `, to ${maximum}` : "";
}

function about({ description, examples }: JsonObject): string {
  const said = typeof description === "string" ? prose(description) : "";
  const example = Array.isArray(examples) ? examples[0] : undefined;
  if (example === undefined) return said;
  return `${said} <span class="soft">Example: <code>${escape(text(example))}</code></span>`;
}
