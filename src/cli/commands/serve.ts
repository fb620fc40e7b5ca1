import type { Command } from "commander";
import { shorten } from "../../core/errors/bounded.ts";
import { DomainError, invalid } from "../../core/errors/errors.ts";
import { serve } from "../../runtimes/node.ts";
import { dataFolder } from "../connect.ts";
import type { Effects } from "../effects.ts";
import { startProgress } from "../progress.ts";

interface ServeOptions {
  port: string;
  host: string;
  data?: string;
  demo?: boolean;
}

export function serveCommand(program: Command, effects: Effects): void {
  program
    .command("serve")
    .description("start the server; it stays in the foreground until Ctrl-C")
    .option("--port <port>", "TCP port", "8787")
    .option("--host <address>", "address to listen on; by default only this machine can connect", "127.0.0.1")
    .option("--data <dir>", "data folder (default .securebase, or SECUREBASE_DATA)")
    .option("--demo", "fill an empty data folder with generated, labelled demo data")
    .action(async (options: ServeOptions) => {
      const port = Number(options.port);
      if (!/^\d+$/.test(options.port) || port > 65_535) {
        throw invalid("serve.invalid-port", `--port ${shorten(options.port)} is not a TCP port`, {
          field: "port",
          fix: "Give a number from 1 to 65535, for example 8787.",
        });
      }
      effects.keepPrivate();
      const progress = startProgress(effects);
      const server = await serve({
        directory: dataFolder(
          effects,
          options.data,
          "Give a data folder. On AWS the deployed function is the server; commands reach its data with --data aws:ENV.",
        ),
        port,
        host: options.host,
        demo: options.demo === true,
        env: effects.env,
        onProgress: progress.update,
      });
      progress.done();
      await effects.out(`SecureBase Analytics listens on ${server.url} (data in ${server.directory})\n`);
      if (server.demo) {
        await effects.out(
          `It holds generated demo data, not a real bill. Try:\n` +
            `  npx securebase query --tenant ${server.demo} --by service --limit 5\n` +
            `  npx securebase report cost-analysis --tenant ${server.demo} -o report.pdf\n`,
        );
      }
      const broken = await Promise.race([stopped(effects.signal), server.broken]);
      effects.err("Stopping\n");
      await server.close();
      if (broken === undefined) return;
      throw new DomainError(
        "serve.broken",
        "unavailable",
        `The server stopped after an unhandled error: ${broken.message}`,
        { fix: "Start it again and report the error; the log has the details.", cause: broken },
      );
    });
}

function stopped(signal: AbortSignal): Promise<undefined> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(undefined);
    else signal.addEventListener("abort", () => resolve(undefined), { once: true });
  });
}
