import type { Environment } from "./runtime.ts";

/** The SDK's own variables; S3 is told apart because an emulator wants buckets in the path. */
export function endpointsOf(env: Environment): { endpoint?: string; s3Endpoint?: string } {
  const endpoint = env.AWS_ENDPOINT_URL;
  const s3Endpoint = env.AWS_ENDPOINT_URL_S3 ?? endpoint;
  return { ...(endpoint !== undefined && { endpoint }), ...(s3Endpoint !== undefined && { s3Endpoint }) };
}
