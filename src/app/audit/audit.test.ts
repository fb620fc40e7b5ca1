import { auditCases } from "../../../test/conformance/audit.case.ts";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";

auditCases("DuckDB", () => freshStore((store) => store.records));
