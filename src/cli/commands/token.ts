import { type Command, Option } from "commander";
import { type Role, ROLES } from "../../core/access/access.ts";
import { invalid } from "../../core/errors/errors.ts";
import { given, secretBytes } from "../../runtimes/auth-settings.ts";
import { folderSecret, signToken, type TokenClaims } from "../../runtimes/secret.ts";
import { dataFolder, dataPlace, withService } from "../connect.ts";
import type { Effects } from "../effects.ts";
import { common, type CommonOptions } from "./options.ts";

interface TokenOptions extends CommonOptions {
  tenant?: string;
  role: Role;
  hours: string;
  subject: string;
}

const MAX_HOURS = 24 * 365;

export function tokenCommand(program: Command, effects: Effects): void {
  common(program.command("token"))
    .description("create a bearer token for the API, signed with the data folder's secret")
    .option("--tenant <id>", "tenant whose data it gives access to; an operator token gives access to none")
    .addOption(new Option("--role <role>", "what it may do").choices(ROLES).makeOptionMandatory())
    .option("--hours <n>", "hours until it expires", "8")
    .option("--subject <name>", "subject to record with reports", "cli")
    .action(async (options: TokenOptions) => {
      const hours = Number(options.hours);
      if (!Number.isFinite(hours) || hours <= 0 || hours > MAX_HOURS) {
        throw invalid("token.invalid-hours", `--hours ${options.hours} is not between 0 and ${MAX_HOURS}`, {
          field: "hours",
          fix: "Give a number of hours, for example 8.",
        });
      }
      const { tenant, role, subject } = options;
      if (role !== "operator" && tenant === undefined) {
        throw invalid("token.no-tenant", `A token with the role ${role} needs a tenant`, {
          field: "tenant",
          fix: "Add --tenant ID.",
        });
      }
      const place = dataPlace(effects, options.data);
      if (tenant !== undefined) {
        await withService(effects, place, (service) =>
          service.as("operator").call("getTenant", { params: { id: tenant } }),
        );
      }
      const claims = { role, subject, ...(role !== "operator" && tenant !== undefined && { tenant }) };
      const { secret, bound } = await signer(effects, options);
      const signed = { ...claims, ...bound };
      const token = await signToken(secret, signed, effects.now(), Math.round(hours * 3600));
      const expiresAt = new Date(effects.now().getTime() + hours * 3_600_000).toISOString();
      await effects.out(
        options.json === true ? `${JSON.stringify({ token, expiresAt, ...claims })}\n` : `${token}\n`,
      );
    });
}

/**
 * What tokens for users are signed with, and what they are bound to where the service wants that.
 * @throws DomainError `auth.weak-secret`, `data.not-a-folder`
 */
async function signer(
  effects: Effects,
  options: TokenOptions,
): Promise<{ secret: Uint8Array; bound: Pick<TokenClaims, "issuer" | "audience"> }> {
  const { env } = effects;
  const configured = given(env["SECUREBASE_JWT_SECRET"]);
  if (configured !== undefined) {
    const issuer = given(env["SECUREBASE_JWT_ISSUER"]);
    const audience = given(env["SECUREBASE_JWT_AUDIENCE"]);
    return { secret: secretBytes("SECUREBASE_JWT_SECRET", configured), bound: { issuer, audience } };
  }
  const fix = "Set SECUREBASE_JWT_SECRET to the deployed function's secret.";
  const folder = dataFolder(effects, options.data, fix);
  effects.keepPrivate();
  return { secret: await folderSecret(folder), bound: {} };
}
