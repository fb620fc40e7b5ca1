import { shorten } from "../errors/bounded.ts";
import { invalid } from "../errors/errors.ts";
import { unknownNameFix } from "../errors/suggest.ts";
import { CONNECTION_KINDS, type ConnectionKind, KINDS, type SettingSpec } from "./kinds.ts";

/**
 * How a connection signs in. Only names are stored, never keys: credentials come from the environment of the
 * process (environment, instance or function role, shared configuration files) or from a role that is assumed.
 */
export type Access =
  | { kind: "ambient" }
  /** A profile of the machine's shared configuration files. */
  | { kind: "profile"; profile: string }
  /** A role that ambient credentials, or those of `profile`, may assume. */
  | { kind: "role"; roleArn: string; externalId?: string; profile?: string };

/** What to pull, from where, and for which tenant. */
export interface Connection {
  id: string;
  kind: ConnectionKind;
  /** All data goes to this tenant; without it, to the tenant that has a fact's account. */
  tenant?: string;
  region: string;
  access: Access;
  settings: Readonly<Record<string, string>>;
  /** RFC 3339, UTC. */
  createdAt: string;
}

/** What an operator types. */
export interface NewConnection {
  kind: string;
  /** Default: the kind, with the tenant in front. */
  id?: string;
  tenant?: string;
  region?: string;
  roleArn?: string;
  externalId?: string;
  profile?: string;
  settings?: Readonly<Record<string, string>>;
}

const ID = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const REGION = /^[a-z]{2}(?:-[a-z]+)+-\d$/;
// https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html
const ROLE = /^arn:aws[a-z-]*:iam::\d{12}:role\/[\w+=,.@/-]{1,512}$/;
const EXTERNAL_ID = /^[\w+=,.@:/-]{2,1224}$/;
const PROFILE = /^[^\s\]]{1,128}$/;
/** Access key ids by their prefixes. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_identifiers.html */
const ACCESS_KEY = /(?:AKIA|ASIA)[A-Z2-7]{16}/;

/** @throws DomainError `connection.unknown-kind` */
export function parseKind(text: string): ConnectionKind {
  const kind = CONNECTION_KINDS.find((candidate) => candidate === text);
  if (kind !== undefined) return kind;
  throw invalid("connection.unknown-kind", `"${shorten(text)}" is not a kind of connection`, {
    field: "kind",
    allowed: CONNECTION_KINDS,
    fix: unknownNameFix(text, CONNECTION_KINDS),
  });
}

/**
 * A checked connection from what an operator typed.
 * @param now RFC 3339 instant of creation
 * @throws DomainError `connection.unknown-kind`, `connection.invalid`, `connection.secret`
 */
export function makeConnection(input: NewConnection, now: string): Connection {
  const kind = parseKind(input.kind);
  for (const [field, value] of Object.entries({ ...input, ...input.settings })) {
    if (typeof value === "string" && ACCESS_KEY.test(value)) throw secret(field);
  }
  const id = input.id ?? [input.tenant, kind].filter((part) => part !== undefined).join("-");
  check("id", id, ID, "1 to 63 lower case letters, digits and hyphens");
  return {
    id,
    kind,
    ...(input.tenant !== undefined && { tenant: input.tenant }),
    region: regionOf(kind, input.region),
    access: accessOf(input),
    settings: settingsOf(kind, input.settings ?? {}),
    createdAt: now,
  };
}

function regionOf(kind: ConnectionKind, given: string | undefined): string {
  const only = KINDS[kind].onlyRegion;
  const region = given ?? only;
  if (region === undefined) {
    throw invalid("connection.invalid", `A connection of the kind ${kind} needs a region`, {
      field: "region",
      fix: "Give the region of the account's resources, for example eu-west-1.",
    });
  }
  check("region", region, REGION, "a region such as eu-west-1");
  if (only === undefined || region === only) return region;
  throw invalid("connection.invalid", `${KINDS[kind].title} is available only in ${only}, not in ${region}`, {
    field: "region",
    fix: `Leave the region out, or give ${only}; it has the costs of all regions.`,
  });
}

function accessOf({ roleArn, externalId, profile }: NewConnection): Access {
  if (profile !== undefined) check("profile", profile, PROFILE, "the name of a profile");
  if (roleArn === undefined) {
    if (externalId !== undefined) {
      throw invalid("connection.invalid", "An external id is given without a role", {
        field: "externalId",
        fix: "Give the role's ARN as well; an external id is part of assuming a role.",
      });
    }
    return profile === undefined ? { kind: "ambient" } : { kind: "profile", profile };
  }
  check("roleArn", roleArn, ROLE, "the ARN of an IAM role, arn:aws:iam::123456789012:role/NAME");
  if (externalId !== undefined)
    check("externalId", externalId, EXTERNAL_ID, "2 to 1224 letters, digits or +=,.@:/-");
  return {
    kind: "role",
    roleArn,
    ...(externalId !== undefined && { externalId }),
    ...(profile !== undefined && { profile }),
  };
}

function settingsOf(
  kind: ConnectionKind,
  given: Readonly<Record<string, string>>,
): Readonly<Record<string, string>> {
  const specs = KINDS[kind].settings;
  const known = specs.map((spec) => spec.name);
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown !== undefined) {
    throw invalid(
      "connection.invalid",
      `A connection of the kind ${kind} has no setting "${shorten(unknown)}"`,
      {
        field: unknown,
        allowed: known,
        fix: known.length === 0 ? "Leave it out; this kind has no settings." : unknownNameFix(unknown, known),
      },
    );
  }
  const settings: Record<string, string> = {};
  for (const spec of specs) {
    const value = given[spec.name]?.trim();
    if (value === undefined || value === "") {
      if (spec.required) throw missing(kind, spec);
      continue;
    }
    check(spec.name, value, spec.pattern, spec.form);
    settings[spec.name] = spec.name === "prefix" ? value.replace(/^\/+|\/+$/g, "") : value;
  }
  return settings;
}

function check(field: string, value: string, pattern: RegExp, form: string): void {
  if (pattern.test(value)) return;
  throw invalid("connection.invalid", `${field} "${shorten(value)}" is not valid: it must be ${form}`, {
    field,
    fix: `Give ${form}.`,
  });
}

function missing(kind: ConnectionKind, spec: SettingSpec): Error {
  return invalid(
    "connection.invalid",
    `A connection of the kind ${kind} needs ${spec.name}: ${spec.description}`,
    {
      field: spec.name,
      fix: `Give it, for example ${spec.example}.`,
    },
  );
}

function secret(field: string): Error {
  return invalid("connection.secret", `${field} holds an access key; keys are never stored`, {
    field,
    fix: "Give a role's ARN or a profile's name, or set the keys in the environment of the process that pulls.",
  });
}
