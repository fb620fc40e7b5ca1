import { freshStore } from "../conformance/lib/embedded.ts";
import { tableLoadCases } from "../conformance/table-loads.case.ts";

tableLoadCases("embedded", () => freshStore((store) => store.metrics));
