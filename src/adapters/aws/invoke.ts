import { type ClientSettings, clientOptions, DEFAULT_RETRY } from "./config.ts";
import { withRetry } from "./retry.ts";

export interface InvokeTarget extends ClientSettings {
  functionName: string;
}

/**
 * Starts a function with a payload and does not wait for it: Lambda queues the event. The
 * SDK is loaded when this is called.
 * @throws DomainError `store.*`
 */
export async function invokeAsync(target: InvokeTarget, payload: unknown): Promise<void> {
  const { functionName } = target;
  const { LambdaClient, InvokeCommand } = await import("@aws-sdk/client-lambda");
  const client = new LambdaClient(clientOptions(target));
  try {
    await withRetry(DEFAULT_RETRY, `Invoke ${functionName}`, (abortSignal) =>
      client.send(
        new InvokeCommand({
          FunctionName: functionName,
          InvocationType: "Event",
          Payload: Buffer.from(JSON.stringify(payload)),
        }),
        { abortSignal },
      ),
    );
  } finally {
    client.destroy();
  }
}
