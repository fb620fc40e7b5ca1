import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { finding } from "../../../test/conformance/lib/facts.ts";
import { records } from "../../../test/support/records.ts";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import { drainStream } from "../analytics/run-query.ts";
import { complianceComputations } from "./computations.ts";
import { complianceDashboard } from "./dashboard.ts";
import { evidencePage } from "./evidence-page.ts";
import { evidence } from "./evidence.ts";

const SEPTEMBER = { range: { from: "2024-09-01", to: "2024-10-01" }, filters: [] };

type Result = [control: string, status: string, resource?: string];

const snapshot = (source: string, day: string, framework: string, results: readonly Result[]) =>
  results.map(([control_id, control_status, resource_id = "r1"]) =>
    finding(
      day,
      {
        framework,
        control_id,
        control_status,
        resource_id,
        control_title: `About ${control_id}`,
        severity: "high",
        source_product: "Hub",
        check_id: `check-${control_id}`,
        sub_account_id: "1",
        finding_id: control_status === "failed" ? `finding-${control_id}-${resource_id}` : null,
        evaluated_at: `${day}T06:00:00Z`,
      },
      { source },
    ),
  );

describe("compliance", () => {
  let tenant: TestTenant;
  beforeAll(async () => {
    tenant = await testTenant();
    await tenant.load("controls", [
      ...snapshot("hub:1", "2024-08-31", "HIPAA", [
        ["164.308(a)(1)", "passed"],
        ["164.312(a)(1)", "passed"],
        ["164.312(b)", "failed"],
        ["164.316(a)", "not_available"],
      ]),
      ...snapshot("hub:1", "2024-09-15", "HIPAA", [["164.308(a)(1)", "failed"]]),
      ...snapshot("hub:1", "2024-09-29", "HIPAA", [
        ["164.308(a)(1)", "passed"],
        ["164.312(a)(1)", "passed", "r1"],
        ["164.312(a)(1)", "failed", "r2"],
        ["164.312(a)(1)", "failed", "r3"],
        ["164.312(b)", "passed"],
        ["164.316(a)", "not_available"],
      ]),
      ...snapshot("prowler:2", "2024-09-20", "CIS AWS 1.4", [
        ["1.4", "failed"],
        ["1.10", "passed"],
      ]),
    ]);
  });
  afterAll(() => tenant.close());

  it("scores each framework's last snapshot, against the one of the period before", async () => {
    const { frameworks } = await complianceDashboard(tenant.context, {
      ...SEPTEMBER,
      top: 10,
      compare: "previous-period",
    });
    expect(frameworks!.rows).toEqual([
      ["CIS AWS 1.4", "50", null, null, "1", "1", "0"],
      ["HIPAA", "66.6667", "66.6667", "0", "2", "1", "1"],
    ]);
    expect(frameworks!.totals[0]?.cells).toEqual([null, "60", "66.6667", "-6.6667", "3", "2", "1"]);
  });

  it("scores families, and does not score one that was not evaluated", async () => {
    const { families } = await complianceDashboard(tenant.context, {
      ...SEPTEMBER,
      filters: [{ field: "framework", op: "equals", value: "HIPAA" }],
      top: 10,
      compare: "previous-period",
    });
    expect(records(families).map(({ family, about, score }) => [family, about, score])).toEqual([
      ["164.308", "Administrative safeguards", "100"],
      ["164.312", "Technical safeguards", "50"],
      ["164.316", "Policies and documentation", null],
    ]);
  });

  it("lists failed controls with every resource", async () => {
    const { failed } = await complianceDashboard(tenant.context, {
      ...SEPTEMBER,
      top: 10,
      compare: "previous-period",
    });
    expect(records(failed).map(({ control, resource }) => [control, resource])).toEqual([
      ["1.4", "r1"],
      ["164.312(a)(1)", "r2"],
      ["164.312(a)(1)", "r3"],
    ]);
  });

  it("tells what changed since the last snapshot before the range, of sources that can be compared", async () => {
    const { changes } = await complianceDashboard(tenant.context, {
      ...SEPTEMBER,
      top: 10,
      compare: "previous-period",
    });
    expect(
      records(changes).map(({ change, control, before, now }) => [change, control, before, now]),
    ).toEqual([
      ["Newly failed", "164.312(a)(1)", "Passed", "Failed"],
      ["Newly passed", "164.312(b)", "Failed", "Passed"],
    ]);
    expect(changes!.completeness.notes).toContain(
      "Only one snapshot, so changes are not available: prowler:2.",
    );
  });

  it("leads every result back to its finding, file and load", async () => {
    const table = await drainStream(await evidence(tenant.context, SEPTEMBER));
    expect(table.completeness).toMatchObject({ rows: 8, rowsTotal: 8, complete: true });
    const failed = records(table).find(({ finding: id }) => id === "finding-164.312(a)(1)-r3");
    const [record] = (await tenant.context.services.metrics.loads({ tenant: "acme" })).filter(
      ({ source, period }) => source === "hub:1" && period === "2024-09-29",
    );
    expect(failed).toEqual({
      framework: "HIPAA",
      control: "164.312(a)(1)",
      title: "About 164.312(a)(1)",
      status: "failed",
      severity: "high",
      product: "Hub",
      check: "check-164.312(a)(1)",
      account: "1",
      region: null,
      resource: "r3",
      finding: "finding-164.312(a)(1)-r3",
      evaluated_at: "2024-09-29T06:00:00.000Z",
      snapshot: "2024-09-29",
      source: "hub:1",
      file: "facts.test",
      results: "1",
      loaded_at: record!.loadedAt,
      load: record!.id,
    });
  });

  it("gives evidence page by page, each row once, all of the same data", async () => {
    const rows: unknown[] = [];
    let after: string | undefined;
    for (let pages = 0; pages < 10; pages++) {
      const page = await evidencePage(tenant.context, SEPTEMBER, 3, after);
      rows.push(...page.result.rows);
      expect(page.result.completeness.rowsTotal).toBe(8);
      if (page.next === null) break;
      after = page.next;
    }
    const whole = await evidencePage(tenant.context, SEPTEMBER, 100);
    expect(rows).toEqual(whole.result.rows);
    expect([whole.next, whole.result.completeness.complete]).toEqual([null, true]);
    const other = { ...SEPTEMBER, range: { from: "2024-09-02", to: "2024-10-01" } };
    await expect(evidencePage(tenant.context, other, 3, after)).rejects.toMatchObject({
      code: "compliance.changed",
    });
    await expect(evidencePage(tenant.context, SEPTEMBER, 3, "7")).rejects.toMatchObject({
      code: "compliance.invalid-place",
    });
  });

  it("knows nothing where there is no snapshot", async () => {
    const before = { range: { from: "2023-01-01", to: "2023-02-01" }, filters: [] };
    const dashboard = await complianceDashboard(tenant.context, {
      ...before,
      top: 10,
      compare: "previous-period",
    });
    expect([dashboard.frameworks!.rows, dashboard.frameworks!.totals]).toEqual([[], []]);
    expect(dashboard.frameworks!.completeness.notes).toContain(
      "There is no snapshot of control results in this range.",
    );
  });

  it("answers computations over the framework their parameter names", async () => {
    const answer = await complianceComputations["compliance-evidence"](tenant.context, {
      ...SEPTEMBER,
      parameters: { framework: "CIS AWS 1.4" },
    });
    expect("head" in answer ? answer.head.completeness.rows : undefined).toBe(2);
  });
});
