import { parseRequirement } from "../../core/compliance/frameworks.ts";

/** What AWS puts in front of the names of its sample packs, and of those an organization deploys. */
const PREFIX = /^(?:OrgConformsPack-)?(?:Operational[-_ ]?Best[-_ ]?Practices[-_ ]?for[-_ ]?)?/i;
/** Packs deployed by an organization end in an id. */
const SUFFIX = /-[a-z0-9]{8}$/;

/**
 * The framework a conformance pack is named for: `Operational-Best-Practices-for-HIPAA-Security` -> `HIPAA`. A pack
 * whose name starts with no known framework is one of its own.
 */
export function packFramework(pack: string): string {
  const organization = pack.startsWith("OrgConformsPack-");
  const name = (organization ? pack.replace(SUFFIX, "") : pack).replace(PREFIX, "");
  // A requirements line is a framework's name and what follows it, which is how the packs are named.
  const [requirement] = parseRequirement(`${name} x`);
  return requirement?.framework ?? (name === "" ? pack : name);
}

/** `s3-bucket-versioning-enabled-conformance-pack-a1b2c3` without what the pack made of the rule's name. */
export function ruleNameInPack(rule: string): string {
  return rule.replace(/-conformance-pack-[a-z0-9]+$/, "");
}
