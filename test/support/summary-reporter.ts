import type { Reporter, TestCase, TestModule } from "vitest/node";

/**
 * Closes a run with the skipped tests and their reasons, and one plain line that counts: what did not run is named,
 * so that a missing layer is not taken for a passed one.
 */
export default class SummaryReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const tests = modules.flatMap((module) => [...module.children.allTests()]);
    const inState = (state: string): TestCase[] => tests.filter((test) => test.result().state === state);
    const skipped = inState("skipped");
    const broken = modules.filter(
      (module) => module.state() === "failed" && module.errors().length > 0,
    ).length;
    for (const test of skipped) {
      const result = test.result();
      const note = "note" in result && result.note !== undefined ? ` (${result.note})` : "";
      console.log(`skipped: ${test.module.relativeModuleId} > ${test.fullName}${note}`);
    }
    const failed = inState("failed").length + broken;
    console.log(`${inState("passed").length} passed, ${failed} failed, ${skipped.length} skipped`);
  }
}
