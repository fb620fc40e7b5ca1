import { shorten } from "../../core/errors/bounded.ts";
import { frameworkName } from "../../core/compliance/frameworks.ts";
import { must } from "../../core/errors/must.ts";
import { serviceName } from "../../core/findings/services.ts";
import { severityFromLabel } from "../../core/findings/severity.ts";
import { type ControlStatus, type FindingStatus, verdictOf } from "../../core/findings/status.ts";
import { cleanText, type Fields, firstText, isFields, tagsJson, textAt } from "../shared/fields.ts";
import {
  type FindingControl,
  type FindingDetails,
  type FindingKey,
  observedFinding,
} from "../shared/finding-values.ts";
import { columnsOf, type Sample } from "../shared/importer.ts";
import { noInstant, parseInstant } from "../shared/instants.ts";
import { type Normalized, type RecordFormat, type Refused, refuse } from "../shared/record-format.ts";
import { readProwlerRows } from "./rows.ts";

/** Prowler's CSV output, versions 3 to 5: one row a check and resource, `;` between the columns. */
export const prowlerFormat: RecordFormat = {
  id: "prowler",
  title: "Prowler findings (CSV)",
  what: "Prowler finding",
  detect: detectProwler,
  read: readProwlerRows,
  normalize: (record) => [normalizeProwler(record)],
};

/** The columns' names by version: 4 and later, then 3. */
const COLUMNS = {
  id: ["FINDING_UID", "FINDING_UNIQUE_ID"],
  account: ["ACCOUNT_UID", "ACCOUNT_ID"],
  time: ["TIMESTAMP", "ASSESSMENT_START_TIME"],
  resource: ["RESOURCE_UID", "RESOURCE_ARN", "RESOURCE_ID", "RESOURCE_NAME"],
  remediation: ["REMEDIATION_RECOMMENDATION_TEXT"],
} as const;

function detectProwler(sample: Sample): string | undefined {
  const names = columnsOf(sample)?.map((name) => name.toUpperCase());
  if (names === undefined || !names.includes("CHECK_ID") || !names.includes("STATUS")) return undefined;
  if (names.includes("FINDING_UID")) return "4";
  return names.includes("FINDING_UNIQUE_ID") ? "3" : undefined;
}

function normalizeProwler(record: unknown): Normalized {
  if (!isFields(record)) return refuse(null, "is not a row");
  const word = textAt(record, "STATUS");
  const verdict = word === null ? undefined : verdictOf(word);
  if (verdict === undefined) {
    const said =
      word === null ? "has no STATUS" : `STATUS "${shorten(word, 40)}" is none of PASS, FAIL, MANUAL`;
    return refuse("STATUS", said);
  }
  const key = prowlerKey(record);
  return "kind" in key ? key : observedFinding(key, () => prowlerDetails(record, verdict));
}

function get(row: Fields, names: readonly string[]): string | null {
  return firstText(...names.map((name) => textAt(row, name)));
}

function prowlerKey(row: Fields): FindingKey | Refused {
  const missing = (names: readonly string[]): Refused =>
    refuse(nameIn(row, names), `has no ${nameIn(row, names)}`);
  const id = get(row, COLUMNS.id);
  if (id === null) return missing(COLUMNS.id);
  const account = get(row, COLUMNS.account);
  if (account === null) return missing(COLUMNS.account);
  const time = get(row, COLUMNS.time);
  if (time === null) return missing(COLUMNS.time);
  const at = parseInstant(time);
  if (at === undefined) {
    return refuse(nameIn(row, COLUMNS.time), noInstant(time));
  }
  const product = textAt(row, "PROVIDER") ?? "aws";
  return { id, account, product, firstSeen: at, lastSeen: at, observedAt: at };
}

function prowlerDetails(row: Fields, verdict: ControlStatus): FindingDetails {
  const severity = textAt(row, "SEVERITY");
  const service = textAt(row, "SERVICE_NAME");
  return {
    productName: "Prowler",
    title: textAt(row, "CHECK_TITLE"),
    severity: severity === null ? undefined : severityFromLabel(severity),
    status: statusOf(row, verdict),
    workflow: textAt(row, "STATUS"),
    checkId: textAt(row, "CHECK_ID"),
    service: service === null ? null : serviceName(service),
    region: textAt(row, "REGION"),
    resourceId: get(row, COLUMNS.resource),
    resourceType: textAt(row, "RESOURCE_TYPE"),
    remediation: get(row, COLUMNS.remediation),
    tags: tagsJson(pairs(textAt(row, "RESOURCE_TAGS"))),
    verdict,
    controls: () => controlsIn(textAt(row, "COMPLIANCE")),
  };
}

/** The name that the file uses for a column, the newest when it has none of them. */
function nameIn(row: Fields, names: readonly string[]): string {
  return names.find((name) => Object.hasOwn(row, name)) ?? must(names[0], "a spelling of the column");
}

function statusOf(row: Fields, verdict: ControlStatus): FindingStatus {
  if (textAt(row, "MUTED")?.toLowerCase() === "true") return "muted";
  return verdict === "failed" ? "open" : verdict;
}

/** `CIS-1.4: 1.20 | PCI-4.0: 1.2.5, 1.3.1`: frameworks apart by bars, controls by commas. */
function controlsIn(text: string | null): FindingControl[] {
  if (text === null) return [];
  return text.split(" | ").flatMap((part) => {
    const colon = part.indexOf(":");
    const framework = cleanText(part.slice(0, Math.max(0, colon)));
    if (framework === null) return [];
    return part
      .slice(colon + 1)
      .split(", ")
      .flatMap((item) => {
        const control = cleanText(item);
        return control === null ? [] : [{ framework: frameworkName(framework), control, title: null }];
      });
  });
}

/** `key=value | key=value` */
function pairs(text: string | null): (readonly [string, string])[] {
  if (text === null) return [];
  return text.split(" | ").map((pair) => {
    const equals = pair.indexOf("=");
    return equals < 0 ? [pair, ""] : [pair.slice(0, equals), pair.slice(equals + 1)];
  });
}
