import type { Connection } from "../../core/connections/connection.ts";
import type { PullContext } from "../../ports/connector.ts";
import { translate } from "./errors.ts";

export interface StaticCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
}

/** Overrides of where and how the cloud is called, for emulators and tests. */
export interface ConnectorOptions {
  /** Another endpoint for all services, e.g. an emulator's. */
  endpoint?: string | undefined;
  /** Another endpoint for S3 alone. */
  s3Endpoint?: string | undefined;
  /** Instead of the credentials in the environment. */
  credentials?: StaticCredentials | undefined;
  /** Attempts of one call. */
  attempts?: number;
  /** Milliseconds one attempt may take. */
  timeout?: number;
}

/** Attempts of one call; the SDK's standard strategy pauses between them, doubling up to 20 s, with full jitter. */
const ATTEMPTS = 6;
/** Milliseconds of one attempt, and of all attempts of a call together. */
const TIMEOUT = 30_000;
const DEADLINE = 180_000;
/** How long the credentials of an assumed role are valid, in seconds; the SDK renews them before. */
const ROLE_SECONDS = 3_600;

/** Credentials and settings of one pull. Clients are made by the connectors, which load their SDK when they pull. */
export class Session {
  readonly connection: Connection;
  readonly options: ConnectorOptions;
  readonly #context: PullContext;
  #account: Promise<string> | undefined;

  constructor(connection: Connection, options: ConnectorOptions, context: PullContext) {
    this.connection = connection;
    this.options = options;
    this.#context = context;
  }

  /** The configuration of any client, with the connection's credentials. */
  get clientConfig() {
    const isRole = this.connection.access.kind === "role";
    return { ...this.#ownConfig, ...(isRole && { credentials: () => this.#assumeRole() }) };
  }

  /** The configuration with the credentials available without assuming a role. */
  get #ownConfig() {
    const { endpoint, credentials, attempts = ATTEMPTS, timeout = TIMEOUT } = this.options;
    const { access, region } = this.connection;
    const profile = access.kind === "ambient" ? undefined : access.profile;
    return {
      region,
      maxAttempts: attempts,
      retryMode: "standard",
      requestHandler: {
        connectionTimeout: 5_000,
        requestTimeout: timeout,
        throwOnRequestTimeout: true,
        socketTimeout: timeout,
      },
      ...(endpoint !== undefined && { endpoint }),
      ...(profile !== undefined && { profile }),
      ...(credentials !== undefined && { credentials }),
    };
  }

  /**
   * Makes a call: counts it, ends it when the pull is aborted or takes too long, translates its errors.
   * @param action its IAM action
   * @param about a bucket or an object, for errors; `streams` when the answer's body is read after the call, so that
   *   no deadline may end it
   * @throws DomainError `sync.*`; the signal's reason when the pull is aborted
   */
  async call<T>(
    action: string,
    send: (signal: AbortSignal) => Promise<T>,
    about: { resource?: string; streams?: boolean } = {},
  ): Promise<T> {
    const { signal } = this.#context;
    const { resource, streams = false } = about;
    signal.throwIfAborted();
    this.#context.onCall(action);
    try {
      const limit = streams ? signal : AbortSignal.any([signal, AbortSignal.timeout(DEADLINE)]);
      return await unlessAborted(limit, send(limit));
    } catch (error) {
      signal.throwIfAborted();
      throw translate({ connection: this.connection, action, resource }, error);
    }
  }

  /** The account the credentials belong to, 12 digits. @throws DomainError `sync.*` */
  account(): Promise<string> {
    this.#account ??= this.#readAccount();
    return this.#account;
  }

  async #readAccount(): Promise<string> {
    const { access } = this.connection;
    const ofRole = access.kind === "role" ? access.roleArn.split(":")[4] : undefined;
    if (ofRole !== undefined) return ofRole;
    const { STSClient, GetCallerIdentityCommand } = await import("@aws-sdk/client-sts");
    const client = new STSClient(this.clientConfig);
    try {
      const answer = await this.call("sts:GetCallerIdentity", (abortSignal) =>
        client.send(new GetCallerIdentityCommand({}), { abortSignal }),
      );
      return answer.Account ?? "";
    } finally {
      client.destroy();
    }
  }

  async #assumeRole(): Promise<StaticCredentials & { expiration?: Date }> {
    const { access } = this.connection;
    if (access.kind !== "role") throw new TypeError("the connection has no role");
    const { STSClient, AssumeRoleCommand } = await import("@aws-sdk/client-sts");
    const client = new STSClient(this.#ownConfig);
    try {
      const { Credentials } = await this.call(
        "sts:AssumeRole",
        (abortSignal) =>
          client.send(
            new AssumeRoleCommand({
              RoleArn: access.roleArn,
              RoleSessionName: `securebase-${this.connection.id}`.slice(0, 64),
              DurationSeconds: ROLE_SECONDS,
              ...(access.externalId !== undefined && { ExternalId: access.externalId }),
            }),
            { abortSignal },
          ),
        { resource: access.roleArn },
      );
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = Credentials ?? {};
      return {
        accessKeyId: AccessKeyId ?? "",
        secretAccessKey: SecretAccessKey ?? "",
        ...(SessionToken !== undefined && { sessionToken: SessionToken }),
        ...(Expiration !== undefined && { expiration: Expiration }),
      };
    } finally {
      client.destroy();
    }
  }
}

/** Settles as the call does, or at once when aborted: the SDK's pauses between attempts, up to 20 s, ignore the signal. */
function unlessAborted<T>(signal: AbortSignal, call: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", stop, { once: true });
    call.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}
