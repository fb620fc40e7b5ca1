import type { Connector, RecordBatch } from "../../ports/connector.ts";
import { pages } from "./pages.ts";
import { type ConnectorOptions, Session } from "./session.ts";

const ACTION = "securityhub:GetFindings";
/** https://docs.aws.amazon.com/securityhub/1.0/APIReference/API_GetFindings.html */
const PAGE = 100;

/**
 * All active findings of a region as its Security Hub has them now, including passed checks and suppressed findings: a
 * snapshot must be complete. In the home region of a cross-region aggregation that is every linked region.
 */
export function securityHub(options: ConnectorOptions): Connector {
  return {
    kind: "security-hub",
    async *pull(connection, context) {
      const { SecurityHubClient, GetFindingsCommand } = await import("@aws-sdk/client-securityhub");
      const session = new Session(connection, options, context);
      const client = new SecurityHubClient(session.clientConfig);
      async function* records(): AsyncGenerator<readonly unknown[]> {
        const found = pages(
          ACTION,
          (NextToken) =>
            session.call(ACTION, (abortSignal) =>
              client.send(
                new GetFindingsCommand({
                  Filters: { RecordState: [{ Value: "ACTIVE", Comparison: "EQUALS" }] },
                  MaxResults: PAGE,
                  ...(NextToken !== undefined && { NextToken }),
                }),
                { abortSignal },
              ),
            ),
          (page) => page.NextToken,
        );
        let count = 0;
        for await (const { Findings = [] } of found) {
          count += Findings.length;
          context.onProgress(`Reading findings ${count.toLocaleString("en-US")}`);
          yield Findings;
        }
      }
      try {
        yield {
          kind: "records",
          id: "findings",
          title: `active findings in ${connection.region}`,
          format: "asff",
          scope: connection.region,
          records: records(),
          marks: () => ({}),
          notes: () => [],
        } satisfies RecordBatch;
      } finally {
        client.destroy();
      }
    },
  };
}
