import { claimCases } from "../../../test/conformance/claims.case.ts";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";

claimCases("embedded", () => freshStore(({ metrics, records }) => ({ metrics, records, shared: false })));
