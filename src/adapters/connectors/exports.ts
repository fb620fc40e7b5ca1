import { unexpectedAnswer } from "./errors.ts";

/** An object of a bucket, as listed. */
export interface ListedObject {
  key: string;
  etag: string;
  /** Bytes. */
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
}

/** A manifest that may name a billing period's newest delivery. */
export interface ManifestObject extends ListedObject {
  /** The export's own folder. */
  root: string;
  /** `YYYY-MM`. */
  period: string;
  /** Whether it lies in a folder of its own delivery, beside those of others. */
  ofOneDelivery: boolean;
}

/** What a manifest says. */
export interface Manifest {
  /** Keys of the data files, in order. */
  files: string[];
  /** Identifies the delivery among those of its period: legacy reports call it assembly, Data Exports execution. */
  id: string;
  /** Account the bill is of. */
  payer: string | undefined;
}

/**
 * Data Exports write `…/metadata/BILLING_PERIOD=2024-09/NAME-Manifest.json` (FOCUS in lower case), with a folder for
 * each delivery when they do not overwrite.
 * https://docs.aws.amazon.com/cur/latest/userguide/dataexports-export-delivery.html
 */
const DATA_EXPORT =
  /^(?<root>(?:.*\/)?)metadata\/billing_period=(?<period>\d{4}-\d{2})\/(?<delivery>[^/]+\/)?[^/]+-manifest\.json$/i;
/**
 * Legacy reports write `…/20240901-20241001/NAME-Manifest.json` for the newest delivery and the same in a folder of
 * each. https://docs.aws.amazon.com/cur/latest/userguide/understanding-report-versions.html
 */
const LEGACY = /^(?<root>(?:.*\/)?)(?<from>\d{8})-\d{8}\/(?<delivery>[^/]+\/)?[^/]+-manifest\.json$/i;

/** Reads a manifest's place from its key; undefined for any other object. */
export function manifestObject(object: ListedObject): ManifestObject | undefined {
  const match = DATA_EXPORT.exec(object.key) ?? LEGACY.exec(object.key);
  if (match?.groups === undefined) return undefined;
  const { root = "", period, from = "", delivery } = match.groups;
  return {
    ...object,
    root,
    period: period ?? `${from.slice(0, 4)}-${from.slice(4, 6)}`,
    ofOneDelivery: delivery !== undefined,
  };
}

/**
 * The manifest of each period's newest delivery, newest period first: the one that is rewritten with every delivery,
 * or where deliveries only have their own, the last one written.
 */
export function newestByPeriod(manifests: readonly ManifestObject[]): ManifestObject[] {
  const best = new Map<string, ManifestObject>();
  for (const found of manifests) {
    const before = best.get(found.period);
    if (before === undefined || isNewer(found, before)) best.set(found.period, found);
  }
  return [...best.values()].sort((a, b) => (a.period < b.period ? 1 : -1));
}

function isNewer(found: ManifestObject, before: ManifestObject): boolean {
  if (found.ofOneDelivery !== before.ofOneDelivery) return before.ofOneDelivery;
  if (found.modified !== before.modified) return found.modified > before.modified;
  // Folders of deliveries are named by their time.
  return found.key > before.key;
}

/**
 * Reads a manifest.
 * @param bucket in whose `s3://` addresses Data Exports name their files
 * @throws DomainError `sync.unexpected-answer` when it is no manifest of a cost export
 */
export function parseManifest(text: string, key: string, bucket: string): Manifest {
  const manifest = parseObject(text, key);
  const { dataFiles, reportKeys, executionId, assemblyId } = manifest;
  const listed = Array.isArray(dataFiles) ? dataFiles : reportKeys;
  if (!Array.isArray(listed) || !listed.every((name) => typeof name === "string"))
    throw unexpectedAnswer("s3:GetObject", `with ${key}, which names neither dataFiles nor reportKeys`);
  const address = `s3://${bucket}/`;
  const files = listed.map((name) => (name.startsWith(address) ? name.slice(address.length) : name));
  const foreign = files.find((name) => name.startsWith("s3://"));
  if (foreign !== undefined)
    throw unexpectedAnswer("s3:GetObject", `with ${key}, whose file ${foreign} is in another bucket`);
  const id = [assemblyId, executionId].find((value) => typeof value === "string");
  return { files, id: id ?? "", payer: payerOf(manifest, text) };
}

function parseObject(text: string, key: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text.replace(/^\ufeff/, ""));
  } catch (error) {
    throw unexpectedAnswer("s3:GetObject", `with ${key}, which is not JSON`, error);
  }
  if (typeof value === "object" && value !== null && !Array.isArray(value))
    return value as Record<string, unknown>;
  throw unexpectedAnswer("s3:GetObject", `with ${key}, which is not a manifest`);
}

/** Legacy manifests name the account; those of Data Exports have it in the export's ARN. */
function payerOf(manifest: Record<string, unknown>, text: string): string | undefined {
  const { account } = manifest;
  if (typeof account === "string" && /^\d{12}$/.test(account)) return account;
  return /arn:aws[a-z-]*:bcm-data-exports:[a-z0-9-]*:(\d{12}):/.exec(text)?.[1];
}
