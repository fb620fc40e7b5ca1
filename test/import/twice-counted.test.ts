import { freshStore } from "../conformance/lib/embedded.ts";
import { twiceCountedCases } from "../conformance/twice-counted.case.ts";

twiceCountedCases("embedded", () => freshStore((store) => store.metrics));
