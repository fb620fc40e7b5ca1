import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ControlStatus } from "../findings/status.ts";
import { compareControls, familyOf } from "./families.ts";
import { changedControls, ControlTally } from "./posture.ts";

describe("familyOf", () => {
  it.each([
    ["NIST 800-53 r5", "AC-2(1)", "AC", "Access control"],
    ["FedRAMP Moderate", "si_4", "SI", "System and information integrity"],
    ["HIPAA", "164.312(a)(1)", "164.312", "Technical safeguards"],
    ["HIPAA", "164_308_a_1_ii_a", "164.308", "Administrative safeguards"],
    ["SOC 2", "CC6.1", "CC6", "Logical and physical access"],
    ["SOC 2", "cc_7_2", "CC7", "System operations"],
    ["SOC 2", "A1.2", "A1", "Availability"],
    ["PCI DSS 4.0", "10.2.1", "10", "Logging and monitoring"],
    ["PCI DSS 3.2.1", "PCI.8.3", "8", "Identification and authentication"],
    ["ISO 27001:2013", "A.10.1", "A.10", null],
    ["CIS AWS 1.4", "1.20", "1", null],
    ["AWS FSBP", "IAM.4", "IAM", null],
    ["Our own", "everything", "everything", null],
  ])("%s %s belongs to %s", (framework, control, id, label) => {
    expect(familyOf(framework, control)).toEqual({ id, label });
  });

  it("takes any control of any framework", () => {
    const frameworks = fc.constantFrom("HIPAA", "SOC 2", "PCI DSS 4.0", "NIST 800-53 r5", "X");
    fc.assert(
      fc.property(frameworks, fc.string({ minLength: 1 }), (framework, control) => {
        expect(familyOf(framework, control).id).not.toBe("");
      }),
    );
  });
});

describe("compareControls", () => {
  it("orders as people count", () => {
    const controls = ["AC-17", "10.1", "2.10", "AC-2(10)", "2.2", "AC-2", "AC-2(9)"];
    expect(controls.sort(compareControls)).toEqual([
      ...["2.2", "2.10", "10.1", "AC-2", "AC-2(9)", "AC-2(10)", "AC-17"],
    ]);
  });

  it("is an order", () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (a, b) => {
        expect(Math.sign(compareControls(a, b)) + Math.sign(compareControls(b, a))).toBe(0);
      }),
    );
  });
});

function tally(...results: [control: string, status: ControlStatus, count?: number][]): ControlTally {
  const made = new ControlTally();
  for (const [control, status, count = 1] of results)
    made.add({ framework: "HIPAA", control, title: `about ${control}`, status, count });
  return made;
}

describe("ControlTally", () => {
  it("scores passed of evaluated and shows what has no verdict apart", () => {
    const [framework] = tally(
      ["164.308(a)(1)", "passed", 5],
      ["164.312(a)(1)", "passed", 99],
      ["164.312(a)(1)", "failed"],
      ["164.312(b)", "passed"],
      ["164.316(a)", "not_available", 3],
    ).frameworks();
    expect(framework).toMatchObject({
      framework: "HIPAA",
      score: { passed: 2, failed: 1, notAvailable: 1, percent: "66.6667" },
      families: [
        { family: { id: "164.308" }, score: { passed: 1, failed: 0, percent: "100" } },
        { family: { id: "164.312" }, score: { passed: 1, failed: 1, percent: "50" } },
        { family: { id: "164.316" }, score: { notAvailable: 1, percent: null } },
      ],
    });
  });

  it("takes words it does not know for no verdict, and results of no control for nothing", () => {
    const made = new ControlTally();
    expect(made.add({ framework: "HIPAA", control: null, status: "passed", count: 1 })).toBe(false);
    made.add({ framework: "HIPAA", control: "x", status: "maybe", count: 1 });
    made.add({ framework: "HIPAA", control: "y", status: null, count: 1 });
    expect(made.overall()).toEqual({ passed: 0, failed: 0, notAvailable: 2, percent: null });
  });
});

describe("changedControls", () => {
  it("tells failed, passed, lost and first evaluated controls apart", () => {
    const before = tally(
      ["1", "passed"],
      ["2", "failed"],
      ["3", "passed"],
      ["4", "not_available"],
      ["5", "failed"],
      ["6", "passed"],
      ["7", "not_available"],
    );
    const now = tally(
      ["1", "failed"],
      ["2", "passed"],
      ["3", "not_available"],
      ["4", "failed"],
      ["5", "failed"],
      ["8", "passed"],
      ["9", "not_available"],
    );
    const found = changedControls(before.controls(), now.controls());
    expect(found.map(({ change, control, before: was, now: is }) => [change, control, was, is])).toEqual([
      ["newly-failed", "1", "passed", "failed"],
      ["newly-failed", "4", "not_available", "failed"],
      ["newly-passed", "2", "failed", "passed"],
      ["no-longer-evaluated", "3", "passed", "not_available"],
      ["no-longer-evaluated", "6", "passed", null],
      ["first-evaluated", "8", null, "passed"],
    ]);
  });
});
