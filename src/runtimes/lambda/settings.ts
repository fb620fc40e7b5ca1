import { type AwsCredentials, resourceNames, type ResourceNames } from "../../adapters/aws/config.ts";
import { DomainError } from "../../core/errors/errors.ts";
import { must } from "../../core/errors/must.ts";
import type { Limits } from "../../core/limits/limits.ts";
import { readLimits } from "../limits.ts";
import type { AuthOptions } from "../../http/auth.ts";
import { given, httpUrl, SettingErrors, tokenSettings } from "../auth-settings.ts";
import type { Environment } from "../runtime.ts";

/** What the function is told by its environment. */
export interface LambdaSettings {
  environment: string;
  region: string;
  /** Carries out jobs. */
  workerFunction: string;
  names: ResourceNames;
  credentials: AwsCredentials | undefined;
  /** `shared` is that of every service that has none of its own. */
  endpoints: { shared?: string; dynamodb?: string; s3?: string; ssm?: string; lambda?: string };
  /** What tokens are signed with, as far as the environment says. */
  tokens: Pick<AuthOptions, "secret" | "keys" | "issuer" | "audience">;
  /** SSM parameter that holds the secret. */
  secretParameter: string | undefined;
  publicUrl: string | undefined;
  corsOrigins: readonly string[];
  limits: Limits;
}

/**
 * Reads the function's environment. `SECUREBASE_ENV` and `SECUREBASE_ACCOUNT` name the resources; Terraform may name
 * each by itself (`SECUREBASE_TABLE_REPORTS`, …, `SECUREBASE_WORKER_FUNCTION`). Keys of tokens: `SECUREBASE_JWT_SECRET`, or
 * `SECUREBASE_JWT_SECRET_PARAMETER` (SSM), or `SECUREBASE_JWKS_URL`. `AWS_ENDPOINT_URL_*` are the SDK's own.
 * @throws DomainError `config.missing`, `config.invalid-url`, `auth.weak-secret`; `config.invalid` that tells them all
 */
export function readSettings(env: Environment): LambdaSettings {
  const errors = new SettingErrors();
  const needed = (name: string): string => errors.try(() => required(env, name)) ?? "";
  const environment = needed("SECUREBASE_ENV");
  const region = needed("AWS_REGION");
  const names = resourceNames(environment, env.SECUREBASE_ACCOUNT ?? "");
  const bucket = env.SECUREBASE_BUCKET ?? (env.SECUREBASE_ACCOUNT === undefined ? undefined : names.bucket);
  if (bucket === undefined) needed("SECUREBASE_ACCOUNT");
  const tokens = tokenSettings(env, errors);
  const publicUrl = given(env.SECUREBASE_PUBLIC_URL);
  if (publicUrl !== undefined) errors.try(() => httpUrl("SECUREBASE_PUBLIC_URL", publicUrl));
  const limits = errors.try(() => readLimits(env));
  errors.throwIfAny();
  const shared = env.AWS_ENDPOINT_URL;
  const endpoint = (name: string): string | undefined => env[`AWS_ENDPOINT_URL_${name}`] ?? shared;
  return {
    environment,
    region,
    tokens,
    workerFunction: env.SECUREBASE_WORKER_FUNCTION ?? `securebase-${environment}-report-worker`,
    names: {
      reports: env.SECUREBASE_TABLE_REPORTS ?? names.reports,
      schedules: env.SECUREBASE_TABLE_SCHEDULES ?? names.schedules,
      cache: env.SECUREBASE_TABLE_CACHE ?? names.cache,
      metrics: env.SECUREBASE_TABLE_METRICS ?? names.metrics,
      bucket: bucket ?? "",
    },
    credentials: credentialsOf(env),
    endpoints: withoutAbsent({
      shared,
      dynamodb: endpoint("DYNAMODB"),
      s3: endpoint("S3"),
      ssm: endpoint("SSM"),
      lambda: endpoint("LAMBDA"),
    }),
    secretParameter: given(env.SECUREBASE_JWT_SECRET_PARAMETER),
    publicUrl,
    corsOrigins: (env.SECUREBASE_CORS_ORIGINS ?? "").split(",").filter((origin) => origin !== ""),
    limits: must(limits, "the limits"),
  };
}

/** The role's credentials, which Lambda keeps in the environment and never changes while an instance lives. */
function credentialsOf(env: Environment): AwsCredentials | undefined {
  const accessKeyId = env.AWS_ACCESS_KEY_ID;
  const secretAccessKey = env.AWS_SECRET_ACCESS_KEY;
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined;
  const sessionToken = env.AWS_SESSION_TOKEN;
  return { accessKeyId, secretAccessKey, ...(sessionToken !== undefined && { sessionToken }) };
}

function required(env: Environment, name: string): string {
  const value = env[name];
  if (value === undefined || value === "") throw missing(name);
  return value;
}

function missing(name: string): DomainError {
  return new DomainError("config.missing", "unavailable", `The environment variable ${name} is not set`, {
    field: name,
    fix: "Set it on the function; the Terraform module does.",
  });
}

function withoutAbsent<T extends Record<string, string | undefined>>(values: T): { [K in keyof T]?: string } {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: string;
  };
}
