import { Database } from "../../src/adapters/embedded/database.ts";
import { importInto } from "./lib.ts";

// Imports a file and tells each phase it enters, for the test that kills it there.
const [, , folder = "", file = ""] = process.argv;
const database = await Database.open(folder);
await importInto(database, [file], {
  onProgress: ({ phase }) => {
    process.stdout.write(`${phase}\n`);
  },
});
process.stdout.write("done\n");
database.close();
