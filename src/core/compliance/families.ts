/** The part of a framework a control belongs to. */
export interface ControlFamily {
  /** As the framework numbers it: `AC`, `164.312`, `CC6`, `8`. */
  id: string;
  /** What it is about, in few words; null for frameworks whose parts are not known by name. */
  label: string | null;
}

interface Rule {
  /** Matched at the start of a framework's one name. */
  framework: RegExp;
  family: (control: string) => string | undefined;
  labels: Readonly<Record<string, string>>;
}

/** Families of NIST SP 800-53 Rev. 5, which FedRAMP's baselines select from. */
const NIST_800_53: Readonly<Record<string, string>> = {
  AC: "Access control",
  AT: "Awareness and training",
  AU: "Audit and accountability",
  CA: "Assessment, authorization and monitoring",
  CM: "Configuration management",
  CP: "Contingency planning",
  IA: "Identification and authentication",
  IR: "Incident response",
  MA: "Maintenance",
  MP: "Media protection",
  PE: "Physical and environmental protection",
  PL: "Planning",
  PM: "Program management",
  PS: "Personnel security",
  PT: "Personal data processing",
  RA: "Risk assessment",
  SA: "System and services acquisition",
  SC: "System and communications protection",
  SI: "System and information integrity",
  SR: "Supply chain risk management",
};

/** Sections of the HIPAA security rule, 45 CFR part 164 subpart C. */
const HIPAA: Readonly<Record<string, string>> = {
  "164.306": "General rules",
  "164.308": "Administrative safeguards",
  "164.310": "Physical safeguards",
  "164.312": "Technical safeguards",
  "164.314": "Organizational requirements",
  "164.316": "Policies and documentation",
};

/** Series of the AICPA trust services criteria. */
const SOC_2: Readonly<Record<string, string>> = {
  CC1: "Control environment",
  CC2: "Communication and information",
  CC3: "Risk assessment",
  CC4: "Monitoring activities",
  CC5: "Control activities",
  CC6: "Logical and physical access",
  CC7: "System operations",
  CC8: "Change management",
  CC9: "Risk mitigation",
  A1: "Availability",
  C1: "Confidentiality",
  PI1: "Processing integrity",
  P: "Privacy",
};

/** The twelve principal requirements of PCI DSS, in short. */
const PCI: Readonly<Record<string, string>> = {
  "1": "Network security controls",
  "2": "Secure configurations",
  "3": "Stored account data",
  "4": "Cryptography in transmission",
  "5": "Protection from malicious software",
  "6": "Secure systems and software",
  "7": "Access by need to know",
  "8": "Identification and authentication",
  "9": "Physical access",
  "10": "Logging and monitoring",
  "11": "Security testing",
  "12": "Policies and programs",
};

const first =
  (pattern: RegExp) =>
  (control: string): string | undefined =>
    pattern.exec(control)?.[1];
/** Scanners write `164_312_a_1`, `cc_6_1` and `ac_2` where the frameworks write `164.312(a)(1)`, `CC6.1` and `AC-2`. */
const RULES: readonly Rule[] = [
  {
    framework: /^(?:NIST 800-53|FedRAMP)/,
    family: (control) => first(/^([A-Za-z]{2})(?![A-Za-z])/)(control)?.toUpperCase(),
    labels: NIST_800_53,
  },
  {
    framework: /^HIPAA/,
    family: (control) => first(/^(?:§\s*)?(164[._]3\d\d)/)(control)?.replace("_", "."),
    labels: HIPAA,
  },
  {
    framework: /^SOC 2/,
    family: (control) => {
      const bare = control.toUpperCase().replaceAll(/[\s_-]/g, "");
      return first(/^((?:CC|PI|A|C)\d)/)(bare) ?? first(/^(P)\d/)(bare);
    },
    labels: SOC_2,
  },
  { framework: /^PCI DSS/, family: first(/^(?:PCI\.)?(\d{1,2})(?!\d)/), labels: PCI },
  { framework: /^ISO 27001/, family: first(/^(A\.\d{1,2}|\d{1,2})(?!\d)/), labels: {} },
  { framework: /^CIS AWS/, family: first(/^(\d{1,2})(?!\d)/), labels: {} },
];

/**
 * The family of a control. Of frameworks without a rule it is what stands before the first dot, hyphen, underscore,
 * slash or bracket (`IAM.4` -> `IAM`); a control that has none of them is its own family.
 */
export function familyOf(framework: string, control: string): ControlFamily {
  const rule = RULES.find((each) => each.framework.test(framework));
  const id = rule?.family(control) ?? /^[^.\-_/([\s]+/.exec(control)?.[0] ?? control;
  return { id, label: rule?.labels[id] ?? null };
}

/** Orders controls and families as people read them: `2` before `10`, `AC-2` before `AC-17`. */
export function compareControls(a: string, b: string): number {
  const [x, y] = [a, b].map((text) => text.split(/(\d+)/));
  for (let i = 0; i < Math.max(x?.length ?? 0, y?.length ?? 0); i++) {
    const [p = "", q = ""] = [x?.[i], y?.[i]];
    if (p === q) continue;
    const numbers = i % 2 === 1 && p !== "" && q !== "";
    const difference = numbers ? p.length - q.length || (p < q ? -1 : 1) : p < q ? -1 : 1;
    return difference;
  }
  return a < b ? -1 : a > b ? 1 : 0;
}
