import * as z from "zod/mini";

/** What the documentation says about a schema. */
export interface SchemaNote {
  /** Makes it a named component of the OpenAPI document. */
  id?: string;
  title?: string;
  description?: string;
  examples?: readonly unknown[];
  /** A list in a URL that is written by repeating the parameter, since its values may hold commas. */
  repeated?: boolean;
}

/** Filled while the schema modules load and only read after that. */
export const notes = z.registry<SchemaNote>();

/**
 * Describes a schema where it is used. One that has a note already keeps it: what is given back then is a child of
 * it, which the document writes as a reference with a description of its own.
 */
export function doc<T extends z.ZodMiniType>(schema: T, description: string, more: SchemaNote = {}): T {
  const own = notes.has(schema) ? z.clone(schema, schema._zod.def, { parent: true }) : schema;
  notes.add(own, { description, ...more });
  return own;
}

/** A schema that the OpenAPI document lists by name under `components`. */
export function named<T extends z.ZodMiniType>(id: string, description: string, schema: T): T {
  return doc(schema, description, { id });
}
