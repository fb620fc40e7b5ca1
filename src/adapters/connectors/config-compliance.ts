import type * as Config from "@aws-sdk/client-config-service";
import { serviceOfResourceType } from "../../core/findings/services.ts";
import { verdictOf } from "../../core/findings/status.ts";
import { dateInZone } from "../../core/time/zones.ts";
import type { Connector, FactBatch, PullContext, PulledFact } from "../../ports/connector.ts";
import { packFramework, ruleNameInPack } from "./config-packs.ts";
import { pages } from "./pages.ts";
import { type ConnectorOptions, Session } from "./session.ts";

/** https://docs.aws.amazon.com/config/latest/APIReference/API_GetComplianceDetailsByConfigRule.html */
const DETAILS_PAGE = 100;
const PACKS_PAGE = 20;
const PRODUCT = "AWS Config";

/**
 * The results of AWS Config's rules for each resource, as control results: rules of a conformance pack under the
 * framework the pack is named for, the others under one framework of their own. A snapshot of today.
 */
export function configCompliance(options: ConnectorOptions): Connector {
  return {
    kind: "config-compliance",
    async *pull(connection, context) {
      const sdk = await import("@aws-sdk/client-config-service");
      const session = new Session(connection, options, context);
      const client = new sdk.ConfigServiceClient(session.clientConfig);
      try {
        const account = await session.account();
        const reader = new Reader(sdk, client, session, context, account);
        yield {
          kind: "facts",
          id: "compliance",
          title: `compliance of ${account} in ${connection.region}`,
          dataset: "controls",
          facts: reader.facts(),
          partitions: [{ account, source: reader.source, period: reader.day }],
          marks: () => ({}),
          notes: () => reader.notes,
        } satisfies FactBatch;
      } finally {
        client.destroy();
      }
    },
  };
}

/** A rule as its results are recorded. */
interface Rule {
  name: string;
  framework: string;
  /** The pack's own controls; without any the rule is the control. */
  controls: readonly string[];
}

class Reader {
  readonly #sdk: typeof Config;
  readonly #client: Config.ConfigServiceClient;
  readonly #session: Session;
  readonly #context: PullContext;
  readonly #account: string;
  readonly #rules = new Map<string, Config.ConfigRule>();
  readonly source: string;
  readonly day: string;
  readonly notes: string[] = [];

  constructor(
    sdk: typeof Config,
    client: Config.ConfigServiceClient,
    session: Session,
    context: PullContext,
    account: string,
  ) {
    this.#sdk = sdk;
    this.#client = client;
    this.#session = session;
    this.#context = context;
    this.#account = account;
    this.source = `config:${account}:${session.connection.region}`;
    this.day = dateInZone(context.now, context.zoneOf(account));
  }

  async *facts(): AsyncGenerator<readonly PulledFact[]> {
    await this.#readRules();
    const inPacks = new Set<string>();
    for await (const pack of this.#packs()) {
      const framework = packFramework(pack);
      const rules = new Map<string, Rule>();
      for await (const { ConfigRuleName: name, ComplianceType, Controls = [] } of this.#packRules(pack)) {
        if (name === undefined) continue;
        inPacks.add(name);
        const rule = { name, framework, controls: Controls };
        rules.set(name, rule);
        if (isOpen(ComplianceType)) yield this.#factsOf(rule, ComplianceType, {});
      }
      yield* this.#packDetails(pack, rules);
    }
    yield* this.#ownRules(inPacks);
  }

  async #readRules(): Promise<void> {
    const action = "config:DescribeConfigRules";
    const found = pages(
      action,
      (NextToken) =>
        this.#session.call(action, (abortSignal) =>
          this.#client.send(new this.#sdk.DescribeConfigRulesCommand(given({ NextToken })), { abortSignal }),
        ),
      (page) => page.NextToken,
    );
    for await (const { ConfigRules = [] } of found)
      for (const rule of ConfigRules)
        if (rule.ConfigRuleName !== undefined) this.#rules.set(rule.ConfigRuleName, rule);
  }

  async *#packs(): AsyncGenerator<string> {
    const action = "config:DescribeConformancePacks";
    const found = pages(
      action,
      (NextToken) =>
        this.#session.call(action, (abortSignal) =>
          this.#client.send(
            new this.#sdk.DescribeConformancePacksCommand({ Limit: PACKS_PAGE, ...given({ NextToken }) }),
            { abortSignal },
          ),
        ),
      (page) => page.NextToken,
    );
    for await (const { ConformancePackDetails = [] } of found)
      for (const { ConformancePackName: name } of ConformancePackDetails) if (name !== undefined) yield name;
  }

  async *#packRules(pack: string): AsyncGenerator<Config.ConformancePackRuleCompliance> {
    const action = "config:DescribeConformancePackCompliance";
    const found = pages(
      action,
      (NextToken) =>
        this.#session.call(action, (abortSignal) =>
          this.#client.send(
            new this.#sdk.DescribeConformancePackComplianceCommand({
              ConformancePackName: pack,
              ...given({ NextToken }),
            }),
            { abortSignal },
          ),
        ),
      (page) => page.NextToken,
    );
    for await (const { ConformancePackRuleComplianceList = [] } of found)
      yield* ConformancePackRuleComplianceList;
  }

  async *#packDetails(pack: string, rules: ReadonlyMap<string, Rule>): AsyncGenerator<readonly PulledFact[]> {
    const action = "config:GetConformancePackComplianceDetails";
    this.#context.onProgress(`Reading conformance pack ${pack}`);
    const found = pages(
      action,
      (NextToken) =>
        this.#session.call(action, (abortSignal) =>
          this.#client.send(
            new this.#sdk.GetConformancePackComplianceDetailsCommand({
              ConformancePackName: pack,
              Limit: DETAILS_PAGE,
              ...given({ NextToken }),
            }),
            { abortSignal },
          ),
        ),
      (page) => page.NextToken,
    );
    for await (const { ConformancePackRuleEvaluationResults = [] } of found) {
      yield ConformancePackRuleEvaluationResults.flatMap((result) => {
        const name = result.EvaluationResultIdentifier?.EvaluationResultQualifier?.ConfigRuleName ?? "";
        const rule = rules.get(name) ?? { name, framework: packFramework(pack), controls: [] };
        return this.#factsOf(rule, result.ComplianceType, result);
      });
    }
  }

  /** Rules that belong to no pack, each with its resources. */
  async *#ownRules(inPacks: ReadonlySet<string>): AsyncGenerator<readonly PulledFact[]> {
    const action = "config:DescribeComplianceByConfigRule";
    const framework = this.#session.connection.settings["framework"] ?? PRODUCT;
    const found = pages(
      action,
      (NextToken) =>
        this.#session.call(action, (abortSignal) =>
          this.#client.send(new this.#sdk.DescribeComplianceByConfigRuleCommand(given({ NextToken })), {
            abortSignal,
          }),
        ),
      (page) => page.NextToken,
    );
    for await (const { ComplianceByConfigRules = [] } of found) {
      for (const { ConfigRuleName: name, Compliance } of ComplianceByConfigRules) {
        if (name === undefined || inPacks.has(name)) continue;
        const rule = { name, framework, controls: [] };
        if (isOpen(Compliance?.ComplianceType)) yield this.#factsOf(rule, Compliance?.ComplianceType, {});
        else yield* this.#ruleDetails(rule);
      }
    }
  }

  async *#ruleDetails(rule: Rule): AsyncGenerator<readonly PulledFact[]> {
    const action = "config:GetComplianceDetailsByConfigRule";
    this.#context.onProgress(`Reading rule ${rule.name}`);
    const found = pages(
      action,
      (NextToken) =>
        this.#session.call(action, async (abortSignal) => {
          try {
            return await this.#client.send(
              new this.#sdk.GetComplianceDetailsByConfigRuleCommand({
                ConfigRuleName: rule.name,
                Limit: DETAILS_PAGE,
                ...given({ NextToken }),
              }),
              { abortSignal },
            );
          } catch (error) {
            if (!(error instanceof Error) || error.name !== "NoSuchConfigRuleException") throw error;
            this.notes.push(`The rule ${rule.name} was deleted while it was read and is left out.`);
            return { EvaluationResults: [], NextToken: undefined };
          }
        }),
      (page) => page.NextToken,
    );
    for await (const { EvaluationResults = [] } of found)
      yield EvaluationResults.flatMap((result) => this.#factsOf(rule, result.ComplianceType, result));
  }

  #factsOf(
    rule: Rule,
    compliance: string | undefined,
    result: Pick<Config.EvaluationResult, "EvaluationResultIdentifier" | "ResultRecordedTime">,
  ): PulledFact[] {
    const { ResourceId, ResourceType } = result.EvaluationResultIdentifier?.EvaluationResultQualifier ?? {};
    const described = this.#rules.get(rule.name);
    const evaluatedAt = result.ResultRecordedTime ?? this.#context.now;
    const own = ruleNameInPack(rule.name);
    return (rule.controls.length === 0 ? [own] : rule.controls).map((control) => ({
      account: this.#account,
      source: this.source,
      period: this.day,
      day: this.day,
      values: {
        evaluated_at: evaluatedAt.toISOString(),
        framework: rule.framework,
        control_id: control,
        control_title: described?.Description ?? null,
        control_status: verdictOf(compliance ?? "") ?? "not_available",
        severity: null,
        source_product: PRODUCT,
        check_id: described?.Source?.SourceIdentifier ?? own,
        service_name: ResourceType === undefined ? null : serviceOfResourceType(ResourceType),
        sub_account_id: this.#account,
        region_id: this.#session.connection.region,
        resource_id: ResourceId ?? null,
        finding_id: described?.ConfigRuleArn ?? null,
      },
    }));
  }
}

/** A rule without a verdict lists no resources; it counts once, as not available. */
function isOpen(compliance: string | undefined): boolean {
  return compliance === "INSUFFICIENT_DATA" || compliance === "NOT_APPLICABLE";
}

/** The token of the first page is not sent. */
function given(token: { NextToken: string | undefined }): { NextToken?: string } {
  return token.NextToken === undefined ? {} : { NextToken: token.NextToken };
}
