import { budgetStoreCases } from "../../../test/conformance/budget-store.case.ts";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";

budgetStoreCases("embedded", () => freshStore((store) => store.budgets));
