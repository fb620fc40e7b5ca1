import { type DuckDBConnection, DuckDBInstance } from "@duckdb/node-api";
import fc from "fast-check";
import { afterAll, beforeAll, expect, it } from "vitest";
import { PERIOD_FAULTS, periodFault } from "../../core/time/charge-periods.ts";
import { tryParseInstant } from "../../core/time/instants.ts";
import { plausibleDays } from "../../core/time/plausible.ts";
import { faultCondition } from "./periods.ts";

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

const days = plausibleDays(new Date("2024-10-01T00:00:00Z"));
const special = [
  ...["0001-01-01T00:00:00Z", "1999-12-31T23:59:59Z", "2000-01-01T00:00:00Z", "2024-09-01T00:00:00Z"],
  ...["2022-08-31T00:00:00Z", "2022-08-30T23:59:59Z", "2026-09-03T00:00:00Z", "2026-09-03T00:00:01Z"],
  ...["2026-12-31T23:59:59Z", "2027-01-01T00:00:00Z", "2034-09-10T00:00:00Z", "9999-12-31T23:59:59Z"],
];
const instant = fc.oneof(
  fc.constantFrom(...special),
  fc
    .date({ min: new Date("2013-01-01"), max: new Date("2036-01-01"), noInvalidDate: true })
    .map((date) => date.toISOString()),
);

it("finds the faults in the engine that core finds", async () => {
  const cases = fc.sample(fc.tuple(instant, fc.option(instant), instant), { numRuns: 4000, seed: 24 });
  const rows = cases.map((texts, i) =>
    [i, ...texts.map((text) => (text === null ? "NULL" : `'${text}'`))].join(", "),
  );
  await connection.run(
    `CREATE TEMP TABLE charges AS SELECT i, s::TIMESTAMP AS s, e::TIMESTAMP AS e, b::TIMESTAMP AS b
      FROM (VALUES ${rows.map((row) => `(${row})`).join(", ")}) t(i, s, e, b)`,
  );
  const columns = { start: "s", end: "e", billed: "b" };
  const branches = PERIOD_FAULTS.map(
    (fault) => `WHEN ${faultCondition(fault, columns, days)} THEN '${fault}'`,
  );
  const reader = await connection.runAndReadAll(
    `SELECT CASE ${branches.join(" ")} END FROM charges ORDER BY i`,
  );
  const micros = (text: string): bigint => tryParseInstant(text) ?? 0n;
  const expected = cases.map(([start, end, billed]) =>
    periodFault(
      { start: micros(start), end: end === null ? undefined : micros(end), billed: micros(billed) },
      days,
    ),
  );
  expect(reader.getRows().map(([fault]) => fault ?? undefined)).toEqual(expected);
  expect(new Set(expected)).toEqual(new Set([undefined, ...PERIOD_FAULTS]));
});
