import { describe, expect, it } from "vitest";
import { makeTenant, type NewTenant } from "./tenant.ts";

const made = (more: Partial<NewTenant>) =>
  makeTenant({ id: "acme", name: "Acme", ...more }, "2024-09-01T00:00:00Z");

describe("a tenant's tier and contacts", () => {
  it("are none, or as they were typed without the space around them", () => {
    expect(made({})).toMatchObject({ tier: null, contacts: [] });
    expect(made({ tier: " Gold ", contacts: [" it@acme.example ", "it@acme.example"] })).toMatchObject({
      ...{ tier: "Gold", contacts: ["it@acme.example"] },
    });
    expect(made({ tier: null })).toMatchObject({ tier: null });
  });

  it.each([
    "a.b+c@sub.example.com",
    "o'neil@example.co.uk",
    "müller@bücher.example",
    `${"x".repeat(64)}@example.com`,
    "!#$%&'*+/=?^_`{|}~-@example.com",
  ])("takes %s", (contact) => {
    expect(made({ contacts: [contact] }).contacts).toEqual([contact]);
  });

  it.each([
    "",
    "nobody",
    "a@b",
    "a b@example.com",
    "Ann <ann@example.com>",
    "a@example.com, b@example.com",
    "a@@example.com",
    "a@-example.com",
    "a@example..com",
    "a\n@example.com",
    "a@example.com\r\nBcc: b@example.com",
    `${"x".repeat(65)}@example.com`,
    `a@${"x.".repeat(130)}com`,
  ])("refuses the contact %j", (contact) => {
    expect(() => made({ contacts: [contact] })).toThrow(
      expect.objectContaining({ code: "tenant.invalid-contact", field: "contacts" }) as Error,
    );
  });

  it("refuses more contacts than anybody writes to, and tiers that are no name", () => {
    const many = Array.from({ length: 51 }, (_, i) => `c${i}@example.com`);
    expect(made({ contacts: many.slice(1) }).contacts).toHaveLength(50);
    expect(() => made({ contacts: many })).toThrow(/at most 50/);
    for (const tier of ["", "  ", "x".repeat(65), "two\nlines"])
      expect(() => made({ tier })).toThrow(
        expect.objectContaining({ code: "tenant.invalid-tier", field: "tier" }) as Error,
      );
  });
});
