import { describe, expect, it } from "vitest";
import { readSettings } from "./settings.ts";

const GOOD = { SECUREBASE_ENV: "dev", SECUREBASE_ACCOUNT: "111122223333", AWS_REGION: "eu-west-1" };

describe("the settings of a function", () => {
  it("are read where they are right", () => {
    expect(readSettings(GOOD)).toMatchObject({
      environment: "dev",
      names: { bucket: "securebase-dev-reports-111122223333" },
    });
  });

  it("are refused all at once, and a single one by itself", () => {
    const without = { ...GOOD, AWS_REGION: undefined };
    expect(() => readSettings(without)).toThrow(expect.objectContaining({ code: "config.missing" }) as Error);
    const wrong = {
      SECUREBASE_JWT_SECRET: "short",
      SECUREBASE_JWKS_URL: "//id",
      SECUREBASE_PUBLIC_URL: "here",
    };
    try {
      readSettings(wrong);
      expect.unreachable();
    } catch (error) {
      const names = ["ENV", "ACCOUNT", "JWT_SECRET", "JWKS_URL", "PUBLIC_URL"].map(
        (name) => `SECUREBASE_${name}`,
      );
      for (const name of [...names, "AWS_REGION"]) expect(String(error)).toContain(name);
    }
  });
});
