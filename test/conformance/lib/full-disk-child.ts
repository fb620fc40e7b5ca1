/**
 * A process that opens a store, writes more than its limit on the size of files allows, at once and little by little,
 * reads, waits for a line on standard input, and writes again. It tells each outcome on a line of its own. Argument:
 * folder.
 */
import { once } from "node:events";
import { Database } from "../../../src/adapters/embedded/database.ts";
import { DomainError } from "../../../src/core/errors/errors.ts";

const [directory = ""] = process.argv.slice(2);
const database = await Database.open(directory);

async function tell(what: string, task: () => Promise<unknown>): Promise<void> {
  const outcome = await task().then(
    (value) => String(value),
    (error: unknown) => (error instanceof DomainError ? error.code : String(error)),
  );
  process.stdout.write(`${what}: ${outcome}\n`);
}

const write = (rows = 3_000_000): Promise<unknown> =>
  database.write((connection) =>
    connection.run(`INSERT INTO filled SELECT random() FROM range(${rows})`).then(() => "done"),
  );
/** Commits that fill the log, until one does not fit. */
async function writeLittle(): Promise<never> {
  for (;;) {
    await write(20_000);
    written += 20_000;
  }
}
let written = 0;
const count = (): Promise<unknown> =>
  database.read(async (connection) => {
    const reader = await connection.runAndReadAll("SELECT count(*) FROM filled");
    return reader.getRows()[0]?.[0];
  });

await database.write((connection) => connection.run("CREATE TABLE filled (value DOUBLE)"));
for (let round = 0; round < 3; round++) {
  await tell("write", write);
  await tell("read", count);
}
await tell("write", writeLittle);
await tell("read", async () => Number(await count()) === written);
process.stdout.write("full\n");
await once(process.stdin, "data");
await tell("write", write);
await tell("read", async () => Number(await count()) === written + 3_000_000);
database.close();
process.exit(0);
