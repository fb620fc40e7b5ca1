import { DomainError } from "../../core/errors/errors.ts";
import { type ClientSettings, clientOptions, DEFAULT_RETRY } from "./config.ts";
import { withRetry } from "./retry.ts";

/**
 * Reads a SecureString of the Parameter Store. The SDK is loaded when this is called.
 * @throws DomainError `store.*`, `config.missing` when it has no value
 */
export async function readParameter(source: ClientSettings, name: string): Promise<string> {
  const { SSMClient, GetParameterCommand } = await import("@aws-sdk/client-ssm");
  const client = new SSMClient(clientOptions(source));
  try {
    const output = await withRetry(DEFAULT_RETRY, `GetParameter ${name}`, (abortSignal) =>
      client.send(new GetParameterCommand({ Name: name, WithDecryption: true }), { abortSignal }),
    );
    const value = output.Parameter?.Value;
    if (value !== undefined) return value;
    throw new DomainError("config.missing", "unavailable", `The parameter ${name} has no value`, {
      fix: "Put one there as a SecureString.",
    });
  } finally {
    client.destroy();
  }
}
