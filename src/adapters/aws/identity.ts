import { must } from "../../core/errors/must.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { type ClientSettings, clientOptions, DEFAULT_RETRY } from "./config.ts";
import { withRetry } from "./retry.ts";

export interface IdentityOptions extends ClientSettings {
  /** When given, nothing is called. */
  account?: string | undefined;
}

/**
 * The region and account that the surroundings' credentials stand for: from the environment, a profile, single sign-on
 * or a machine's role, as the SDK finds them. The SDK is loaded when this is called.
 * @throws DomainError `config.missing` without a region; `store.refused`, `store.unavailable`
 */
export async function callerIdentity(options: IdentityOptions): Promise<{ region: string; account: string }> {
  const { STSClient, GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
  const { account } = options;
  const client = new STSClient(clientOptions(options));
  try {
    const region = await client.config.region().catch((cause: unknown) => {
      throw new DomainError("config.missing", "unavailable", "No AWS region is set", {
        field: "AWS_REGION",
        fix: "Set AWS_REGION to the region of the environment, or AWS_PROFILE to a profile that has one.",
        cause,
      });
    });
    if (account !== undefined) return { region, account };
    const identity = await withRetry(DEFAULT_RETRY, "GetCallerIdentity", (abortSignal) =>
      client.send(new GetCallerIdentityCommand({}), { abortSignal }),
    );
    return { region, account: must(identity.Account, "the account of an identity") };
  } finally {
    client.destroy();
  }
}
