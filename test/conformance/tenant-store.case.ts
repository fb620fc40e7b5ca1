import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeTenant, type NewTenant, type Tenant } from "../../src/core/tenants/tenant.ts";
import type { TenantStore } from "../../src/ports/tenant-store.ts";
import type { Fresh } from "./lib/fresh.ts";

const tenant = (id: string, more: Partial<NewTenant> = {}): Tenant =>
  makeTenant({ id, name: id.toUpperCase(), ...more }, "2024-10-01T00:00:00.000Z");

/** What every tenant store must do. @param create makes an empty store, for each test anew */
export function tenantStoreCases(name: string, create: () => Promise<Fresh<TenantStore>>): void {
  describe(`tenant store: ${name}`, () => {
    let fresh: Fresh<TenantStore>;
    let store: TenantStore;
    beforeEach(async () => {
      fresh = await create();
      store = fresh.store;
    });
    afterEach(() => fresh.close());

    it("gives back what was added, in full", async () => {
      const full = tenant("meridian-health", {
        name: "Meridian Health ✚",
        accounts: ["012345678901", "000000000001"],
        frameworks: ["HIPAA"],
        zone: "America/New_York",
        branding: { color: "#0f766e", logo: "data:image/png;base64,AAAA" },
        demo: true,
      });
      await store.add(full);
      expect(await store.get("meridian-health")).toEqual(full);
      expect(await store.get("meridian")).toBeUndefined();
    });

    it("lists all tenants by id, and not the unassigned one", async () => {
      expect(await store.list()).toEqual([]);
      for (const id of ["beta", "alpha", "gamma-2", "gamma"]) await store.add(tenant(id));
      expect((await store.list()).map((t) => t.id)).toEqual(["alpha", "beta", "gamma", "gamma-2"]);
    });

    it("refuses an id that is taken, and keeps the tenant there is", async () => {
      await store.add(tenant("acme", { accounts: ["1"] }));
      const second = tenant("acme", { name: "Other", accounts: ["2"] });
      await expect(store.add(second)).rejects.toMatchObject({ code: "tenant.exists", kind: "conflict" });
      expect((await store.get("acme"))?.name).toBe("ACME");
      await store.add(tenant("other", { accounts: ["2"] }));
    });

    it("gives an account to one tenant only, and names the owner", async () => {
      await store.add(tenant("acme", { accounts: ["111", "222"] }));
      await expect(store.add(tenant("other", { accounts: ["333", "222"] }))).rejects.toMatchObject({
        code: "tenant.account-taken",
        message: expect.stringMatching(/222.*acme/) as string,
      });
      expect(await store.get("other")).toBeUndefined();
      await store.add(tenant("other", { accounts: ["333"] }));
      await expect(store.update(tenant("other", { accounts: ["333", "111"] }))).rejects.toMatchObject({
        code: "tenant.account-taken",
      });
      expect((await store.get("other"))?.accounts).toEqual(["333"]);
    });

    it("replaces a tenant and its accounts; what it gives up others may take", async () => {
      await store.add(tenant("acme", { accounts: ["111", "222"] }));
      await store.update(tenant("acme", { name: "Acme Inc", accounts: ["222", "444"] }));
      expect(await store.get("acme")).toMatchObject({ name: "Acme Inc", accounts: ["222", "444"] });
      await store.add(tenant("other", { accounts: ["111"] }));
      await store.update(tenant("acme", { accounts: ["222"] }));
      await store.update(tenant("other", { accounts: ["444", "111"] }));
      await store.update(tenant("other", { accounts: [] }));
      await store.update(tenant("acme", { accounts: ["111", "222", "444"] }));
      expect((await store.get("acme"))?.accounts).toEqual(["111", "222", "444"]);
    });

    it("tells account ids with leading zeros apart", async () => {
      await store.add(tenant("acme", { accounts: ["0123"] }));
      await store.add(tenant("other", { accounts: ["123"] }));
      expect((await store.get("other"))?.accounts).toEqual(["123"]);
    });

    it("refuses to replace a tenant that is not there", async () => {
      await expect(store.update(tenant("nobody"))).rejects.toMatchObject({
        code: "tenant.not-found",
        kind: "not-found",
      });
      expect(await store.list()).toEqual([]);
    });

    it("lets one of two win who claim the same at the same time", async () => {
      const claims = await Promise.allSettled([
        store.add(tenant("first", { accounts: ["999"] })),
        store.add(tenant("second", { accounts: ["999"] })),
      ]);
      expect(claims.map((claim) => claim.status).sort()).toEqual(["fulfilled", "rejected"]);
      const owners = (await store.list()).filter((t) => t.accounts.includes("999"));
      expect(owners).toHaveLength(1);
    });
  });
}
