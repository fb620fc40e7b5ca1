import { randomUUID } from "node:crypto";
import { basename } from "node:path";
import type { Upload } from "../contract/client.ts";
import { ALL_FORMATS } from "../importers/registry/plan.ts";
import { inputFiles } from "../importers/shared/files.ts";
import type { ImportReport } from "../app/imports/report.ts";
import type { InputFile } from "../ports/load.ts";

export { ALL_FORMATS, inputFiles };
export type { ImportReport, InputFile };

/** Standard input as a file. It can be read once; who needs it again spools it. */
export function standardInput(stream: AsyncIterable<Uint8Array>): InputFile {
  return { name: "stdin", open: () => stream };
}

/**
 * Files as one `multipart/form-data` body (RFC 7578) that is read as it is sent.
 * @param onSent bytes of file content sent so far, and in all when known
 */
export function multipart(
  files: readonly InputFile[],
  onSent: (sent: number, total?: number) => void,
): Upload {
  const boundary = `securebase-${randomUUID()}`;
  const sizes = files.map((file) => file.size);
  const total = sizes.every((size) => size !== undefined)
    ? sizes.reduce((sum: number, size) => sum + size, 0)
    : undefined;
  async function* parts(): AsyncGenerator<Uint8Array> {
    const encoder = new TextEncoder();
    let sent = 0;
    for (const file of files) {
      const name = basename(file.name).replace(/["\\\r\n]/g, "_");
      yield encoder.encode(
        `--${boundary}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\n` +
          "Content-Type: application/octet-stream\r\n\r\n",
      );
      for await (const chunk of file.open()) {
        sent += chunk.byteLength;
        onSent(sent, total);
        yield chunk;
      }
      yield encoder.encode("\r\n");
    }
    yield encoder.encode(`--${boundary}--\r\n`);
  }
  return { body: ReadableStream.from(parts()), type: `multipart/form-data; boundary=${boundary}` };
}
