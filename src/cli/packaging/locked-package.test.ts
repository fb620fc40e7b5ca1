import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { lockedPackage } from "./locked-package.ts";

const NAME = "@engine/linux";
const FILES = { "package.json": `{"name":"${NAME}","version":"1.0.0"}`, "engine.node": "x".repeat(700) };

/** As npm writes them, POSIX ustar. */
function tarball(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512);
    header.write(`package/${name}`);
    header.write("0000644\0", 100);
    header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124);
    header.write("00000000000\0        0ustar\x0000", 136);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148);
    const body = Buffer.alloc(Math.ceil(content.length / 512) * 512);
    body.write(content);
    return [header, body];
  });
  return gzipSync(Buffer.concat([...blocks, Buffer.alloc(1024)]));
}

const hashOf = (bytes: Buffer): string => `sha512-${createHash("sha512").update(bytes).digest("base64")}`;

describe("a package that package-lock.json names", () => {
  let root: string;
  let registry: Server | undefined;
  beforeEach(() => {
    root = mkdtempSync(join(tmpdir(), "securebase-locked-"));
    lock(hashOf(tarball(FILES)));
  });
  afterEach(async () => {
    rmSync(root, { recursive: true, force: true });
    registry?.closeAllConnections();
    await new Promise((resolve) => (registry === undefined ? resolve(0) : registry.close(resolve)));
    registry = undefined;
  });

  function lock(integrity: string): void {
    const packages = { [`node_modules/${NAME}`]: { version: "1.0.0", integrity } };
    writeFileSync(join(root, "package-lock.json"), JSON.stringify({ lockfileVersion: 3, packages }));
  }

  /** Serves the package, to an npm whose settings in the folder name this registry. */
  async function serve(files: Readonly<Record<string, string>>): Promise<void> {
    const bytes = tarball(files);
    registry = createServer((request, response) => {
      const url = `http://${request.headers.host}`;
      if (request.url?.endsWith(".tgz") === true) {
        response.end(bytes);
        return;
      }
      const dist = { tarball: `${url}/linux-1.0.0.tgz`, integrity: hashOf(bytes) };
      const versions = { "1.0.0": { name: NAME, version: "1.0.0", dist } };
      response.end(JSON.stringify({ name: NAME, "dist-tags": { latest: "1.0.0" }, versions }));
    });
    await new Promise<void>((resolve) => registry?.listen(0, "127.0.0.1", resolve));
    configure((registry.address() as AddressInfo).port);
  }

  function configure(port: number): void {
    const settings = [
      `registry=http://127.0.0.1:${port}/`,
      `cache=${join(root, "cache")}`,
      "fetch-retries=0",
    ];
    writeFileSync(join(root, ".npmrc"), settings.join("\n"));
  }

  async function engine(): Promise<string> {
    const files = await lockedPackage(root, NAME, ["engine.node"]);
    return Buffer.from((await files.get("engine.node")?.()) ?? []).toString();
  }

  it("is taken from node_modules when it is installed in that version", async () => {
    const folder = join(root, "node_modules", NAME);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), FILES["package.json"]);
    writeFileSync(join(folder, "engine.node"), "installed");
    expect(await engine()).toBe("installed");
  });

  it("is got through npm, with the settings of the folder, when it is not", async () => {
    await serve(FILES);
    const folder = join(root, "node_modules", NAME);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "package.json"), `{"name":"${NAME}","version":"0.9.0"}`);
    expect(await engine()).toBe(FILES["engine.node"]);
  });

  it("is refused when the registry gives something else", async () => {
    await serve({ ...FILES, "engine.node": "not the same" });
    await expect(engine()).rejects.toMatchObject({
      code: "package.altered",
      message: expect.stringContaining(`${NAME}@1.0.0`) as string,
    });
    const other = { "package.json": FILES["package.json"] };
    lock(hashOf(tarball(other)));
    registry?.close();
    await serve(other);
    await expect(engine()).rejects.toMatchObject({
      code: "package.altered",
      message: expect.stringContaining("it holds no engine.node") as string,
    });
  });

  it("says so when npm cannot get it", async () => {
    // A port that nobody listens on any more.
    await serve(FILES);
    await new Promise((resolve) => registry?.close(resolve));
    registry = undefined;
    await expect(engine()).rejects.toMatchObject({
      code: "package.unavailable",
      message: expect.stringMatching(/npm cannot get it: .*ECONNREFUSED/) as string,
      fix: expect.stringContaining(`npm pack ${NAME}@1.0.0`) as string,
    });
  });

  it("has to be named there", async () => {
    await expect(lockedPackage(root, "@engine/other", [])).rejects.toMatchObject({
      code: "package.not-locked",
    });
  });
});
