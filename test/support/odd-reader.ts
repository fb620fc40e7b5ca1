/**
 * A program that reads files badly: what it does is the format it is told to read, `abort`, `grow`, `exit`, `hang` or
 * `refuse`; with any other it answers that the files are empty, naming itself.
 */
import type { Answer, Command } from "../../src/loading/messages.ts";

const answer = (message: Answer): void => void process.send?.(message);
const kept: Buffer[] = [];

process.on("disconnect", () => process.exit(0));
process.on("message", (command: Command) => {
  if (command.kind === "abort") return;
  const { format } = command.load;
  if (format === "abort") process.abort();
  if (format === "exit") process.exit(0);
  if (format === "grow") setInterval(() => kept.push(Buffer.alloc(1 << 24, kept.length)), 1);
  if (format === "hang" || format === "grow") return;
  if (format === "refuse") {
    const error = {
      code: "import.damaged",
      kind: "unprocessable",
      message: "x is damaged",
      fix: "Mend it.",
    } as const;
    answer({ kind: "failed", error });
    return;
  }
  const found = { format: String(process.pid), version: "", empty: [], remarks: [], records: undefined };
  answer({ kind: "done", result: { ...found, staged: undefined } });
});
