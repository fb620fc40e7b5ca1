import { DomainError } from "../core/errors/errors.ts";
import { DEFAULT_LIMITS, type Limits, RATE_NAMES } from "../core/limits/limits.ts";
import { shorten } from "../core/errors/bounded.ts";
import type { Environment } from "./runtime.ts";

/**
 * The limits as an operator set them: `SECUREBASE_QUERIES_PER_MINUTE`, `SECUREBASE_QUERIES_BURST`, …; the README lists
 * them all. What is not set is as in `DEFAULT_LIMITS`.
 * @throws DomainError `config.invalid` that names every setting which is wrong
 */
export function readLimits(env: Environment): Limits {
  const wrong: string[] = [];
  const setting = (name: string, otherwise: number): number => {
    const text = env[`SECUREBASE_${name}`];
    if (text === undefined || text === "") return otherwise;
    const value = Number(text);
    if (/^\d{1,15}$/.test(text) && value > 0) return value;
    wrong.push(`SECUREBASE_${name} is "${shorten(text)}"`);
    return otherwise;
  };
  const { engine, imports, stallSeconds, shutdownSeconds } = DEFAULT_LIMITS;
  const limits: Limits = {
    rates: mapRates((name, rate) => {
      const prefix = name.toUpperCase().replace("-", "_");
      return {
        perMinute: setting(`${prefix}_PER_MINUTE`, rate.perMinute),
        burst: setting(`${prefix}_BURST`, rate.burst),
      };
    }),
    engine: {
      atOnce: setting("ENGINE_QUESTIONS", engine.atOnce),
      ofOne: setting("ENGINE_TENANT_QUESTIONS", engine.ofOne),
      background: setting("ENGINE_BACKGROUND_QUESTIONS", engine.background),
      waiting: setting("ENGINE_WAITING", engine.waiting),
    },
    imports: {
      unpackedBytes: setting("IMPORT_UNPACKED_BYTES", imports.unpackedBytes),
      unpackedRatio: setting("IMPORT_UNPACKED_RATIO", imports.unpackedRatio),
      rows: setting("IMPORT_ROWS", imports.rows),
      storedBytes: setting("IMPORT_STORED_BYTES", imports.storedBytes),
      tenantRows: setting("TENANT_ROWS", imports.tenantRows),
      uploadBytes: setting("UPLOAD_BYTES", imports.uploadBytes),
    },
    stallSeconds: setting("STALL_SECONDS", stallSeconds),
    shutdownSeconds: setting("SHUTDOWN_SECONDS", shutdownSeconds),
  };
  if (wrong.length === 0) return limits;
  throw new DomainError(
    "config.invalid",
    "invalid",
    `Settings are no whole numbers above 0: ${wrong.join("; ")}`,
    {
      fix: "Set them to whole numbers, or leave them out.",
    },
  );
}

function mapRates(
  value: (name: (typeof RATE_NAMES)[number], rate: Limits["rates"]["queries"]) => Limits["rates"]["queries"],
): Limits["rates"] {
  const { rates } = DEFAULT_LIMITS;
  return Object.fromEntries(RATE_NAMES.map((name) => [name, value(name, rates[name])])) as Limits["rates"];
}
