import type { Environment } from "./runtime.ts";

/** The SDK's own variables; S3 is told apart because an emulator wants buckets in the path. */
export function endpointsOf(env: Environment): {
  endpoint: string | undefined;
  s3Endpoint: string | undefined;
} {
  const endpoint = env.AWS_ENDPOINT_URL;
  const s3Endpoint = env.AWS_ENDPOINT_URL_S3 ?? endpoint;
  return { endpoint, s3Endpoint };
}
