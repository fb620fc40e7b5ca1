import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { nastyText } from "../../test/support/nasty.ts";
import { literal, rowsOf } from "./sql.ts";

describe("literal", () => {
  let instance: DuckDBInstance;
  let connection: DuckDBConnection;
  beforeAll(async () => {
    instance = await DuckDBInstance.create(":memory:");
    connection = await instance.connect();
  });
  afterAll(() => {
    connection.disconnectSync();
    instance.closeSync();
  });

  it("is the text for the engine, whatever is in it", async () => {
    const texts = fc.array(fc.oneof(nastyText(), fc.constantFrom("\0", "a\0'\0b")), {
      minLength: 1,
      maxLength: 5,
    });
    await fc.assert(
      fc.asyncProperty(texts, async (each) => {
        expect(await rowsOf(connection, `SELECT ${each.map(literal).join(", ")}`)).toEqual([each]);
      }),
    );
  });
});
