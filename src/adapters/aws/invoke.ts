import { type AwsCredentials, DEFAULT_RETRY } from "./config.ts";
import { withRetry } from "./retry.ts";

export interface InvokeTarget {
  region: string;
  functionName: string;
  endpoint?: string;
  credentials?: AwsCredentials;
}

/**
 * Starts a function with a payload and does not wait for it: Lambda queues the event and repeats it on failure. The
 * SDK is loaded when this is called.
 * @throws DomainError `store.*`
 */
export async function invokeAsync(target: InvokeTarget, payload: unknown): Promise<void> {
  const { functionName, ...options } = target;
  const { LambdaClient, InvokeCommand } = await import("@aws-sdk/client-lambda");
  const client = new LambdaClient({ ...options, maxAttempts: 1 });
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
