/**
 * One name for each compliance framework, however a source spells it: Security Hub writes standards as paths
 * (`cis-aws-foundations-benchmark/v/1.4.0`), Prowler as slugs (`CIS-1.4`), requirements lists as titles
 * (`PCI DSS v3.2.1/2.2.4`). Editions are kept apart. A framework that is not listed keeps its source's name.
 */
interface Family {
  /** Matched at the start of the source's text, without case; the group is the edition. */
  pattern: RegExp;
  name: (edition: string) => string;
}

const SEPARATOR = String.raw`[\s._/-]*`;
const VERSION = String.raw`(?:[\s_/-]*v?[\s./_-]*(\d+(?:\.\d+)*))?`;
/** `1.4.0` and `1.4` are one edition; `3.2.1` stays. */
const short = (edition: string): string => edition.replace(/^(\d+\.\d+)\.0$/, "$1");
const withEdition = (name: string, edition: string, mark = " "): string =>
  edition === "" ? name : `${name}${mark}${edition}`;
const family = (pattern: string, name: (edition: string) => string): Family => ({
  pattern: new RegExp(`^(?:${pattern})(?![A-Za-z0-9])`, "i"),
  name,
});

const REVISION = String.raw`(?:${SEPARATOR}(?:revision|rev|r|v)${SEPARATOR}(\d+)(?:\.\d+)*)?`;
const FAMILIES: readonly Family[] = [
  family(
    String.raw`aws${SEPARATOR}foundational${SEPARATOR}security${SEPARATOR}best${SEPARATOR}practices(?:[\s/]*v?[\s/]*(\d+(?:\.\d+)*))?`,
    () => "AWS FSBP",
  ),
  family(
    String.raw`cis(?:${SEPARATOR}(?:aws|amazon${SEPARATOR}web${SEPARATOR}services))?(?:${SEPARATOR}foundations?)?(?:${SEPARATOR}benchmark)?${VERSION}`,
    (edition) => withEdition("CIS AWS", short(edition)),
  ),
  family(String.raw`pci(?:${SEPARATOR}dss)?${VERSION}`, (edition) => withEdition("PCI DSS", edition)),
  family(String.raw`hipaa`, () => "HIPAA"),
  family(String.raw`soc${SEPARATOR}2`, () => "SOC 2"),
  family(String.raw`iso(?:/iec)?${SEPARATOR}27001(?:[\s:_/-]*(20\d\d))?`, (edition) =>
    withEdition("ISO 27001", edition, ":"),
  ),
  family(String.raw`nist${SEPARATOR}(?:sp${SEPARATOR})?800${SEPARATOR}53${REVISION}`, (edition) =>
    withEdition("NIST 800-53", edition, " r"),
  ),
  family(String.raw`nist${SEPARATOR}(?:sp${SEPARATOR})?800${SEPARATOR}171${REVISION}`, (edition) =>
    withEdition("NIST 800-171", edition, " r"),
  ),
  family(String.raw`nist${SEPARATOR}csf${VERSION}`, (edition) => withEdition("NIST CSF", edition)),
  family(String.raw`fedramp${SEPARATOR}low${REVISION}`, (e) => withEdition("FedRAMP Low", e, " r")),
  family(String.raw`fedramp${SEPARATOR}moderate${REVISION}`, (e) => withEdition("FedRAMP Moderate", e, " r")),
  family(String.raw`fedramp${SEPARATOR}high${REVISION}`, (e) => withEdition("FedRAMP High", e, " r")),
  family(String.raw`gdpr`, () => "GDPR"),
];

function match(text: string): { name: string; rest: string } | undefined {
  for (const { pattern, name } of FAMILIES) {
    const found = pattern.exec(text);
    if (found !== null) return { name: name(found[1] ?? ""), rest: text.slice(found[0].length) };
  }
  return undefined;
}

/** The framework's one name; a source's own name when it is none of the known ones. */
export function frameworkName(source: string): string {
  const text = source.trim().replace(/^(?:.*:)?(?:standards|ruleset)\//, "");
  const found = match(text);
  return found?.rest === "" ? found.name : text;
}

export interface Requirement {
  framework: string;
  control: string;
}

/**
 * Reads one line of a requirements list, e.g. `NIST.800-53.r5 AC-2(1)`, `PCI DSS v3.2.1/2.2.4`, or several controls
 * behind a slug as Prowler writes them (`CIS-1.4 1.1 1.2`). A line that does not start with a known framework, or
 * names no control of it, gives nothing: `Software and Configuration Checks` is a category, not a control.
 */
export function parseRequirement(text: string): Requirement[] {
  const found = match(text.trim());
  if (found === undefined) return [];
  const rest = found.rest.replace(/^[\s/:,]+/, "").trim();
  if (rest === "") return [];
  const slug = /^\S*-\S*(?=\s)/.test(text.trim()) && !text.trim().includes("/");
  const controls = slug ? rest.split(/\s+/) : [rest];
  return controls.map((control) => ({ framework: found.name, control }));
}
