import type { AwsCredentials } from "../../adapters/aws/config.ts";
import type { ConnectorOptions } from "../../adapters/connectors/connectors.ts";
import type { Connection } from "../../core/connections/connection.ts";
import type { ConnectionKind } from "../../core/connections/kinds.ts";
import { DomainError } from "../../core/errors/errors.ts";
import type { Connector, Connectors } from "../../ports/connector.ts";

/**
 * The connectors, in a part of the package that the first pull loads. Connections without a role are pulled with the
 * function's own credentials; its role may assume those that are named.
 */
export function lazyConnectors(
  endpoints: { shared?: string; s3?: string },
  credentials: AwsCredentials | undefined,
): Connectors {
  const options: ConnectorOptions = {
    endpoint: endpoints.shared,
    s3Endpoint: endpoints.s3,
    credentials,
  };
  const lazy = (kind: ConnectionKind): Connector => ({
    kind,
    async *pull(connection, context) {
      refuseProfile(connection);
      const { createConnectors } = await import("../../adapters/connectors/connectors.ts");
      yield* createConnectors(options)[kind].pull(connection, context);
    },
  });
  return {
    "s3-cost-export": lazy("s3-cost-export"),
    "security-hub": lazy("security-hub"),
    "config-compliance": lazy("config-compliance"),
    "cost-explorer": lazy("cost-explorer"),
    "cloudwatch-usage": lazy("cloudwatch-usage"),
  };
}

/** The function's own credentials in its place would be somebody else's. */
function refuseProfile({ id, access }: Connection): void {
  const profile = access.kind === "ambient" ? undefined : access.profile;
  if (profile === undefined) return;
  throw new DomainError(
    "sync.credentials",
    "unavailable",
    `The connection "${id}" names the profile ${profile}, and a function has no configuration files`,
    {
      field: "profile",
      fix: "Add the connection again with a role, or without either for the function's own.",
    },
  );
}
