import { pngOf } from "../../../test/support/png.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type TestTenant, testTenant } from "../../../test/support/tenant-context.ts";
import type { Services } from "../services.ts";
import { findTenant, getTenant, listTenants } from "./registry.ts";
import { addTenant, updateTenant } from "./tenants.ts";

describe("the registry of tenants", () => {
  let on: TestTenant;
  let services: Services;
  beforeEach(async () => {
    on = await testTenant({ accounts: ["111", "222"] });
    services = on.context.services;
  });
  afterEach(() => on.close());

  it("lists all by id, and finds the unassigned one without listing it", async () => {
    for (const id of ["beta", "gamma-2", "gamma"]) await addTenant(services, { id, name: id });
    expect((await listTenants(services)).map(({ id }) => id)).toEqual(["acme", "beta", "gamma", "gamma-2"]);
    expect((await findTenant(services, "unassigned"))?.id).toBe("unassigned");
    expect(await findTenant(services, "nobody")).toBeUndefined();
  });

  it("gives back a tenant in full", async () => {
    const input = {
      id: "full",
      name: "Full ✚",
      accounts: ["012345678901"],
      frameworks: ["HIPAA"],
      zone: "America/New_York",
      branding: { color: "#0f766e", logo: pngOf(2, 2) },
      demo: true,
    };
    await addTenant(services, input);
    expect(await getTenant(services, "full")).toMatchObject(input);
  });

  it("refuses an id that is taken, and with it what the second claimed", async () => {
    const second = addTenant(services, { id: "acme", name: "Other", accounts: ["333"] });
    await expect(second).rejects.toMatchObject({ code: "tenant.exists", kind: "conflict" });
    expect((await getTenant(services, "acme")).name).toBe("Acme");
    await addTenant(services, { id: "other", name: "Other", accounts: ["333"] });
  });

  it("gives an account to one tenant only, and names the owner", async () => {
    const taken = { code: "tenant.account-taken", message: expect.stringMatching(/222.*acme/) as string };
    const other = { id: "other", name: "Other" };
    await expect(addTenant(services, { ...other, accounts: ["333", "222"] })).rejects.toMatchObject(taken);
    await addTenant(services, { ...other, accounts: ["333", "0222"] });
    await expect(updateTenant(services, "other", { accounts: ["222"] })).rejects.toMatchObject(taken);
    expect((await getTenant(services, "other")).accounts).toEqual(["333", "0222"]);
    await updateTenant(services, "acme", { accounts: ["111"] });
    await updateTenant(services, "other", { accounts: ["222"] });
    expect((await getTenant(services, "other")).accounts).toEqual(["222"]);
  });

  it("cannot change what is not there", async () => {
    const missing = { code: "tenant.not-found", kind: "not-found" };
    await expect(updateTenant(services, "nobody", { name: "X" })).rejects.toMatchObject(missing);
  });

  it("lets one of two win who claim the same at the same time", async () => {
    const claims = await Promise.allSettled(
      ["first", "second"].map((id) => addTenant(services, { id, name: id, accounts: ["999"] })),
    );
    expect(claims.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const owners = (await listTenants(services)).filter(({ accounts }) => accounts.includes("999"));
    expect(owners).toHaveLength(1);
  });
});
