import { freshStore } from "../../../test/conformance/lib/embedded.ts";
import { recordCases } from "../../../test/conformance/records.case.ts";

recordCases("embedded", (clock) => freshStore((store) => store.records, { clock }));
