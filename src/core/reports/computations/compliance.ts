import type { Column } from "../../query/query.ts";
import type { ParameterSpec } from "../parameters.ts";
import { type ComputationSpec, dayColumn, measureColumn, textColumn } from "./computation.ts";

/** Which framework is asked about; all of them when it is not given. */
const framework: ParameterSpec = {
  id: "framework",
  label: "Framework",
  description: "Only this framework, named as in the data; all frameworks when not given.",
  example: "HIPAA",
};

/** The compliance template's own: an auditor's report is about one framework. */
export const COMPLIANCE_FRAMEWORK: ParameterSpec = {
  ...framework,
  description: "The framework the report is about, named as in the data.",
  required: true,
};

const SCORE: Column[] = [
  measureColumn("score", "Score", "percent", false),
  measureColumn("passed", "Passed", "integer"),
  measureColumn("failed", "Failed", "integer"),
  measureColumn("not_available", "Not available", "integer"),
];

const instantColumn = (id: string, label: string): Column => ({ ...textColumn(id, label), type: "instant" });

export const COMPLIANCE_COMPUTATIONS = {
  "compliance-score": {
    label: "Compliance scores",
    description:
      "Controls passed of those evaluated, by framework; controls without a verdict are shown separately and do not count towards the score.",
    dataset: "controls",
    parameters: [framework],
    columns: [
      textColumn("framework", "Framework"),
      measureColumn("score", "Score", "percent", false),
      measureColumn("score.previous", "Score, previous period", "percent", false),
      measureColumn("score.change", "Change", "percent", false),
      ...SCORE.slice(1),
    ],
  },
  "compliance-families": {
    label: "Compliance scores by control family",
    description: "The same by the part of the framework a control belongs to.",
    dataset: "controls",
    parameters: [framework],
    columns: [
      textColumn("framework", "Framework"),
      textColumn("family", "Family"),
      textColumn("about", "About"),
      ...SCORE,
    ],
  },
  "compliance-controls": {
    label: "Controls",
    description: "Every control with its outcome and how many results passed, failed and gave no verdict.",
    dataset: "controls",
    parameters: [framework],
    columns: [
      textColumn("framework", "Framework"),
      textColumn("control", "Control"),
      textColumn("title", "Title"),
      textColumn("outcome", "Outcome"),
      measureColumn("results_passed", "Results passed", "integer"),
      measureColumn("results_failed", "Results failed", "integer"),
      measureColumn("results_not_available", "No verdict", "integer"),
    ],
  },
  "compliance-failed": {
    label: "Failed controls with their resources",
    description: "Each check and resource that fails a control.",
    dataset: "controls",
    parameters: [framework],
    columns: [
      textColumn("framework", "Framework"),
      textColumn("control", "Control"),
      textColumn("title", "Title"),
      textColumn("severity", "Severity"),
      textColumn("check", "Check"),
      textColumn("account", "Account"),
      textColumn("resource", "Resource"),
      measureColumn("results", "Results", "integer"),
    ],
  },
  "compliance-changes": {
    label: "Changed controls",
    description: "Controls whose outcome changed since the last snapshot before the range.",
    dataset: "controls",
    parameters: [framework],
    columns: [
      textColumn("change", "Change"),
      textColumn("framework", "Framework"),
      textColumn("control", "Control"),
      textColumn("title", "Title"),
      textColumn("before", "Before"),
      textColumn("now", "Now"),
      measureColumn("controls", "Controls", "integer"),
    ],
  },
  "compliance-evidence": {
    label: "Evidence",
    description:
      "Every result behind the outcomes: what was checked, on which resource, the finding that says so, when it was evaluated, and the file and load it came with.",
    dataset: "controls",
    parameters: [framework],
    columns: [
      textColumn("control", "Control"),
      textColumn("status", "Status"),
      textColumn("product", "Product"),
      textColumn("check", "Check"),
      textColumn("account", "Account"),
      textColumn("resource", "Resource"),
      textColumn("finding", "Finding"),
      instantColumn("evaluated_at", "Evaluated at"),
      textColumn("source", "Source"),
      textColumn("file", "File"),
      { ...textColumn("load", "Load"), repeatedIds: true },
      measureColumn("results", "Results", "integer"),
    ],
  },
  "compliance-evidence-full": {
    label: "Evidence, all columns",
    description: "The same with title, severity, region, snapshot and when it was loaded.",
    dataset: "controls",
    parameters: [framework],
    columns: [
      textColumn("framework", "Framework"),
      textColumn("control", "Control"),
      textColumn("title", "Title"),
      textColumn("status", "Status"),
      textColumn("severity", "Severity"),
      textColumn("product", "Product"),
      textColumn("check", "Check"),
      textColumn("account", "Account"),
      textColumn("region", "Region"),
      textColumn("resource", "Resource"),
      textColumn("finding", "Finding"),
      instantColumn("evaluated_at", "Evaluated at"),
      dayColumn("snapshot", "Snapshot"),
      textColumn("source", "Source"),
      textColumn("file", "File"),
      instantColumn("loaded_at", "Loaded at"),
      { ...textColumn("load", "Load"), repeatedIds: true },
      measureColumn("results", "Results", "integer"),
    ],
  },
} as const satisfies Record<string, ComputationSpec>;
