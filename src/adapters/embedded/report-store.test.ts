import { freshStore } from "../../../test/conformance/lib/embedded.ts";
import { reportStoreCases } from "../../../test/conformance/report-store.case.ts";

reportStoreCases("embedded", () => freshStore((store) => store.reports));
