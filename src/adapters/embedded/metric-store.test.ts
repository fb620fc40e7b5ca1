import { metricStoreCases } from "../../../test/conformance/metric-store.case.ts";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";

metricStoreCases("embedded", () => freshStore((store) => store.metrics));
