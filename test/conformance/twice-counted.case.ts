import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { chargebackOf } from "../../src/app/cost/chargeback.ts";
import { savingsAnswer } from "../../src/app/cost/savings.ts";
import { removeLoads } from "../../src/app/imports/loads.ts";
import { importFiles, type ImportOptions } from "../../src/app/imports/import-files.ts";
import { memoryFile } from "../support/memory-file.ts";
import { type TestTenant, testTenant } from "../support/tenant-context.ts";
import type { MetricStore } from "../../src/ports/metric-store.ts";
import { legacyCur } from "../import/cur-files.ts";
import { focusCsv } from "../import/lib.ts";
import type { Fresh } from "./lib/fresh.ts";

const SEPTEMBER = { from: "2024-09-01", to: "2024-10-01" };
const CUR = "cur:AWS:999999999999";
const FOCUS = "focus:AWS:999999999999";
const cur = () => memoryFile("cur.csv", legacyCur([{}]));
const focus = (row: Record<string, string> = {}) => memoryFile("focus.csv", focusCsv([row]));

/** What users are told of one bill that came twice, whatever store holds it. */
export function twiceCountedCases(name: string, create: () => Promise<Fresh<MetricStore>>): void {
  describe(`twice counted: ${name}`, () => {
    let fresh: Fresh<MetricStore>;
    let acme: TestTenant;
    beforeEach(async () => {
      fresh = await create();
      acme = await testTenant({ accounts: ["000000000001"] }, undefined, fresh.store);
    });
    afterEach(async () => {
      await acme.close();
      await fresh.close();
    });

    async function warningsOf(
      file: ReturnType<typeof memoryFile>,
      options: ImportOptions = {},
    ): Promise<string[]> {
      const { warnings } = await importFiles(acme.context.services, [file], options);
      return warnings.filter((text) => text.includes("count twice"));
    }

    describe("one bill as a Cost and Usage Report and as FOCUS", () => {
      it("is warned of when the second comes, and again whenever one is restated, naming both", async () => {
        expect(await warningsOf(cur())).toEqual([]);
        expect(await warningsOf(cur())).toEqual([]);
        const warning = `The costs of 999999999999 for 2024-09 from ${FOCUS} were also loaded from ${CUR} and now count twice. Keep one of them: securebase imports remove --tenant acme --dataset cost --source ${CUR} --period 2024-09 removes the other; until then, the filter source=${FOCUS} selects this one only.`;
        expect(await warningsOf(focus(), { dryRun: true })).toEqual([
          warning.replace("now count twice", "would count twice"),
        ]);
        expect(await warningsOf(focus())).toEqual([warning]);
        expect((await warningsOf(cur()))[0]).toContain(`from ${CUR} were also loaded from ${FOCUS}`);
      });

      it("is no matter in another month, of another payer, or for another tenant", async () => {
        await warningsOf(cur());
        const october = {
          BillingPeriodStart: "2024-10-01T00:00:00Z",
          ChargePeriodStart: "2024-10-02T00:00:00Z",
        };
        expect(await warningsOf(focus(october))).toEqual([]);
        expect(await warningsOf(focus({ BillingAccountId: "111111111111" }))).toEqual([]);
        expect(await warningsOf(focus({ SubAccountId: "000000000002" }))).toEqual([]);
      });

      it("is noted on what savings and chargeback say, until a source is chosen", async () => {
        await warningsOf(cur());
        await warningsOf(focus());
        const note = `The costs of 999999999999 for 2024-09 count twice: they came from ${CUR} and ${FOCUS}. The filter source=${CUR} selects one; securebase imports remove, or DELETE /v1/imports, removes the other.`;
        const chosen = [{ field: "source", op: "equals" as const, value: CUR }];
        const savings = (filters: typeof chosen) =>
          savingsAnswer(acme.context, { range: SEPTEMBER, filters });
        const both = await savings([]);
        expect(both.notes).toContain(note);
        expect(both.views.billed).toBe("3");
        const one = await savings(chosen);
        expect(one.notes.join()).not.toContain("count twice");
        expect(one.views.billed).toBe("1.5");
        const request = { by: "account", shared: "none", measure: "billed_cost", filters: [] } as const;
        const notesIn = async (range: typeof SEPTEMBER) =>
          (await chargebackOf(acme.context, { ...request, range })).table.completeness.notes;
        expect(await notesIn(SEPTEMBER)).toContain(note);
        expect(await notesIn({ from: "2024-10-01", to: "2024-11-01" })).not.toContain(note);
      });

      it("is mended by removing one of them: every answer is that of the other alone, also one that was remembered", async () => {
        await warningsOf(cur());
        await warningsOf(focus());
        const { services } = acme.context;
        const billed = async (): Promise<unknown> =>
          (await savingsAnswer(acme.context, { range: SEPTEMBER, filters: [] })).views.billed;
        expect(await billed()).toBe("3");
        const removal = await removeLoads(services, {
          tenant: "acme",
          dataset: "cost",
          source: CUR,
          period: "2024-09",
        });
        expect(removal).toMatchObject({ rows: 1, totals: [{ currency: "USD", amounts: { billed: "1.5" } }] });
        const { views, notes } = await savingsAnswer(acme.context, { range: SEPTEMBER, filters: [] });
        expect(views.billed).toBe("1.5");
        expect(notes.join()).not.toContain("count twice");
        expect(await warningsOf(focus())).toEqual([]);
      });
    });
  });
}
