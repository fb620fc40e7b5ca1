import { freshStore } from "../../../test/conformance/lib/embedded.ts";
import { tenantStoreCases } from "../../../test/conformance/tenant-store.case.ts";

tenantStoreCases("embedded", () => freshStore((store) => store.tenants));
