import { connectionStoreCases } from "../../../test/conformance/connection-store.case.ts";
import { freshStore } from "../../../test/conformance/lib/embedded.ts";

connectionStoreCases("embedded", () => freshStore((store) => store.connections));
