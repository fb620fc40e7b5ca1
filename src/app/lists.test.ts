import { freshStore } from "../../test/conformance/lib/embedded.ts";
import { listCases } from "../../test/conformance/lists.case.ts";

listCases("DuckDB", (clock) => freshStore((store) => store.records, { clock }));
