import type { InputFile } from "../../ports/load.ts";
import { compressionOf, gunzip, peek } from "../shared/bytes.ts";
import { importError } from "../shared/errors.ts";

/** What AWS writes beside the data of an export: a legacy report's `reportKeys`, a data export's `dataFiles`. */
interface Manifest {
  file: InputFile;
  folder: readonly string[];
  /** Keys of its data files in the bucket. */
  keys: readonly string[];
  /** Identifies the report and period of a delivery. */
  subject: string;
}

/** Files to read as data, and remarks on the others. */
export interface Deliveries {
  files: readonly InputFile[];
  remarks: readonly string[];
}

/** A manifest lists at most some thousand keys. */
const MAX_MANIFEST = 16 << 20;
const SIDE_FILES =
  /(\.(sha256|sha512|sha1|md5|crc|sql|ya?ml)|(^|[/\\])(_SUCCESS|SHA(256|512)SUMS|MD5SUMS))(\.gz)?$|checksum/i;

/**
 * Follows the manifests among files: a delivery is the files its manifest names, all of them, and nothing that lies
 * around it, such as an earlier version of the same bill. Manifests themselves and checksums are no data. Of several
 * manifests of one report and period the one that lies highest counts, since AWS keeps there the copy of the current
 * one.
 * @throws DomainError `import.missing-part`, `import.ambiguous-part`, `import.manifest`, and what reading throws
 */
export async function resolveDeliveries(given: readonly InputFile[]): Promise<Deliveries> {
  const manifests: Manifest[] = [];
  const others: InputFile[] = [];
  for (const file of given) {
    const manifest = /manifest[^/\\]*\.json(\.gz)?$/i.test(file.name) ? await readManifest(file) : undefined;
    if (manifest === undefined) others.push(file);
    else manifests.push(manifest);
  }
  const extras =
    others.length > 1 || manifests.length > 0 ? others.filter(({ name }) => SIDE_FILES.test(name)) : [];
  const data = others.filter((file) => !extras.includes(file));
  if (manifests.length === 0) return { files: data, remarks: leftOut("no data", extras) };
  const named = new Set(currentOnes(manifests).flatMap((manifest) => partsOf(manifest, data)));
  const roots = manifests.map(({ folder }) => folder);
  const near = (file: InputFile): boolean =>
    [...roots, ...[...named].map((part) => folderOf(part.name))].some((root) =>
      startsWith(folderOf(file.name), root),
    );
  const stale = data.filter((file) => !named.has(file) && near(file));
  return {
    // In the order of the command, so that rejections are listed in it.
    files: data.filter((file) => !stale.includes(file)),
    remarks: [
      ...leftOut("no data", extras),
      ...leftOut("not listed in the manifest of their delivery", stale),
    ],
  };
}

const LISTED = 10;

function leftOut(why: string, files: readonly InputFile[]): string[] {
  if (files.length === 0) return [];
  const names = files.slice(0, LISTED).map(({ name }) => name);
  const more = files.length > LISTED ? ` and ${files.length - LISTED} more` : "";
  return [`files that were left out, ${why}: ${names.join(", ")}${more}`];
}

async function readManifest(file: InputFile): Promise<Manifest | undefined> {
  const head = await peek(file.open(), 4);
  const packed = compressionOf(head.bytes) === "gzip";
  const { bytes, whole } = await peek(packed ? gunzip(file) : file.open(), MAX_MANIFEST);
  let parsed: unknown;
  try {
    parsed = whole ? JSON.parse(new TextDecoder().decode(bytes)) : undefined;
  } catch (error) {
    throw importError("manifest", file, "is named like a manifest but is not valid JSON", {
      fix: "Fetch it again, or import the data files without it.",
      cause: error,
    });
  }
  if (typeof parsed !== "object" || parsed === null) return undefined;
  const fields = new Map(Object.entries(parsed as Record<string, unknown>));
  const keys = fields.get("reportKeys") ?? fields.get("dataFiles");
  if (!Array.isArray(keys)) return undefined;
  const folder = folderOf(file.name);
  const subject = JSON.stringify([
    ...["account", "reportName", "exportArn", "exportName", "billingPeriod"].map(
      (name) => fields.get(name) ?? null,
    ),
    periodIn(folder) ?? null,
    baseName(file.name).replace(/\.gz$/i, ""),
  ]);
  return { file, folder, keys: keys.map((key: unknown) => keyOf(key)), subject };
}

/** `s3://bucket/a/b` and `/a/b` are the key `a/b`; some lists hold objects with the key. */
function keyOf(entry: unknown): string {
  const fields = typeof entry === "object" && entry !== null ? new Map(Object.entries(entry)) : undefined;
  const text: unknown = fields === undefined ? entry : (fields.get("key") ?? fields.get("file"));
  return String(text)
    .replace(/^s3:\/\/[^/]+\//, "")
    .replace(/^\/+/, "");
}

/** The billing period in a folder's name: `20240901-20241001` or `BILLING_PERIOD=2024-09`. */
function periodIn(folder: readonly string[]): string | undefined {
  return folder.find((name) => /^\d{8}-\d{8}$|^billing_period=/i.test(name));
}

function currentOnes(manifests: readonly Manifest[]): Manifest[] {
  const current: Manifest[] = [];
  for (const subject of new Set(manifests.map((manifest) => manifest.subject))) {
    const same = manifests.filter((manifest) => manifest.subject === subject);
    const highest = Math.min(...same.map(({ folder }) => folder.length));
    const [first, ...more] = same.filter(({ folder }) => folder.length === highest);
    if (first === undefined) continue;
    const other = more.find((manifest) => !sameKeys(manifest, first));
    if (other !== undefined) {
      throw importError(
        "manifest",
        other.file,
        `and ${first.file.name} are two deliveries of the same bill`,
        {
          fix: "Import only the newer one.",
        },
      );
    }
    current.push(first);
  }
  return current;
}

function sameKeys(a: Manifest, b: Manifest): boolean {
  return JSON.stringify([...a.keys].sort()) === JSON.stringify([...b.keys].sort());
}

/** The files a manifest names. */
function partsOf(manifest: Manifest, files: readonly InputFile[]): InputFile[] {
  const found = manifest.keys.map((key) => ({ key, part: partOf(manifest, key, files) }));
  const missing = found.filter(({ part }) => part === undefined).map(({ key }) => key);
  if (missing.length > 0) {
    const names = missing.slice(0, LISTED).join(", ");
    const what = `names ${missing.length === 1 ? "a file that is" : `${missing.length} files that are`} missing: ${names}`;
    throw importError("missing-part", manifest.file, what, {
      fix: "Fetch all files of the delivery and import them with their manifest; nothing was loaded.",
    });
  }
  return found.flatMap(({ part }) => (part === undefined ? [] : [part]));
}

/**
 * A file is a key's when their paths end alike: in two names at least, since reports call their parts the same in every
 * period; or in its own name alone where it lies beside the manifest, as uploads and flat folders have it.
 */
function partOf(manifest: Manifest, key: string, files: readonly InputFile[]): InputFile | undefined {
  const wanted = segments(key);
  const candidates = files.flatMap((file) => {
    const common = commonEnd(segments(file.name), wanted);
    const beside = common === 1 && sameFolder(folderOf(file.name), manifest.folder);
    return common > 1 || beside ? [{ file, common }] : [];
  });
  const most = Math.max(...candidates.map(({ common }) => common), 0);
  const best = candidates.filter(({ common }) => common === most).map(({ file }) => file);
  if (best.length < 2) return best[0];
  throw importError(
    "ambiguous-part",
    manifest.file,
    `names ${key}, which may be ${best.map((f) => f.name).join(" or ")}`,
    {
      fix: "Import each delivery by itself.",
    },
  );
}

function segments(path: string): string[] {
  return path.split(/[/\\]+/).filter((name) => name !== "" && name !== ".");
}

function folderOf(path: string): readonly string[] {
  return segments(path).slice(0, -1);
}

function baseName(path: string): string {
  return segments(path).at(-1) ?? path;
}

function commonEnd(a: readonly string[], b: readonly string[]): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && a.at(-1 - length) === b.at(-1 - length)) length++;
  return length;
}

function startsWith(folder: readonly string[], root: readonly string[]): boolean {
  return root.every((name, i) => folder[i] === name);
}

function sameFolder(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && startsWith(a, b);
}
