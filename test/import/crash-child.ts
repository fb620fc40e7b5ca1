import { inputFiles } from "../../src/importers/shared/files.ts";
import { openEmbedded } from "../../src/runtimes/embedded.ts";

// Imports a file and tells each phase it enters, for the test that kills it there.
const [, , directory = "", file = ""] = process.argv;
const runtime = await openEmbedded({ directory, env: { SECUREBASE_LOG: "silent" } });
await runtime.importFiles(await inputFiles([file]), {
  onProgress: ({ phase }) => {
    process.stdout.write(`${phase}\n`);
  },
});
process.stdout.write("done\n");
await runtime.close();
