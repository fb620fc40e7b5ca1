import type { ErrorKind } from "../core/errors/errors.ts";

/** HTTP status of each kind of error (RFC 9110, RFC 6585). */
export const STATUS_OF_KIND: Readonly<Record<ErrorKind, number>> = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  "not-found": 404,
  conflict: 409,
  precondition: 412,
  "too-large": 413,
  unprocessable: 422,
  "rate-limited": 429,
  unavailable: 503,
};

/** Titles for codes that the table does not list. */
export const TITLE_OF_STATUS: Readonly<Record<number, string>> = {
  400: "Bad request",
  401: "Not signed in",
  403: "Not allowed",
  404: "Not found",
  405: "Method not allowed",
  409: "Conflict",
  412: "Changed meanwhile",
  413: "Too large",
  415: "Unsupported media type",
  422: "Content cannot be used",
  428: "Precondition required",
  429: "Too many requests",
  500: "Internal error",
  503: "Not available",
};

export interface ProblemSpec {
  status: number;
  title: string;
  /** What brings it about, for the reference. */
  when: string;
}

/** The stable codes of the API's problems, as documented. A code that core throws and this table lacks fails a test. */
export const PROBLEMS = {
  "auth.missing-token": {
    status: 401,
    title: "Token missing",
    when: "No `Authorization: Bearer` header was sent.",
  },
  "auth.malformed-token": {
    status: 401,
    title: "Token malformed",
    when: "The token is no signed JWT in compact form.",
  },
  "auth.wrong-signature": {
    status: 401,
    title: "Token not trusted",
    when: "The token's signature does not match the service's key, or no key has its key id.",
  },
  "auth.unaccepted-algorithm": {
    status: 401,
    title: "Token algorithm not accepted",
    when: "The token is signed with an algorithm the service's keys are not for; `none` never is.",
  },
  "auth.expired-token": { status: 401, title: "Token expired", when: "The token's `exp` is in the past." },
  "auth.not-yet-valid": {
    status: 401,
    title: "Token not yet valid",
    when: "The token's `nbf` is in the future.",
  },
  "auth.no-expiry": { status: 401, title: "Token never expires", when: "The token has no `exp`." },
  "auth.wrong-issuer": {
    status: 401,
    title: "Token from another issuer",
    when: "The token's `iss` is not the expected one.",
  },
  "auth.wrong-audience": {
    status: 401,
    title: "Token for another audience",
    when: "The token's `aud` is not this service.",
  },
  "auth.unknown-role": {
    status: 401,
    title: "Role unknown",
    when: "The token's `role` is missing or none of the roles.",
  },
  "auth.no-customer": {
    status: 401,
    title: "Customer missing",
    when: "A tenant role's token has no `customerId`.",
  },
  "auth.unknown-customer": {
    status: 403,
    title: "Customer unknown",
    when: "The token's `customerId` is not in the registry.",
  },
  "auth.keys-unavailable": {
    status: 503,
    title: "Keys not available",
    when: "The identity provider's keys cannot be fetched.",
  },
  "access.forbidden": { status: 403, title: "Not allowed", when: "The token's role may not do this." },
  "request.unknown-route": { status: 404, title: "No such path", when: "The API has no such path." },
  "request.method-not-allowed": {
    status: 405,
    title: "Method not allowed",
    when: "The path exists, but not for this method; `Allow` names those it has.",
  },
  "request.malformed-json": {
    status: 400,
    title: "Body is not JSON",
    when: "The body cannot be parsed; the message says where.",
  },
  "request.malformed-multipart": {
    status: 400,
    title: "Form malformed",
    when: "A `multipart/form-data` body is not complete or has no boundary.",
  },
  "request.too-many-files": { status: 400, title: "Too many files", when: "A form has too many files." },
  "request.missing-body": { status: 400, title: "Body missing", when: "The request needs a body." },
  "request.unsupported-media-type": {
    status: 415,
    title: "Unsupported media type",
    when: "The body's Content-Type is not one the operation reads.",
  },
  "request.too-large": { status: 413, title: "Body too large", when: "The body is over the limit." },
  "request.missing-field": {
    status: 400,
    title: "Field missing",
    when: "A required field or parameter is not there.",
  },
  "request.unknown-field": {
    status: 400,
    title: "Field unknown",
    when: "A field or parameter is none the operation knows.",
  },
  "request.invalid-value": {
    status: 400,
    title: "Value not allowed",
    when: "A field or parameter has a value it may not have.",
  },
  "request.wrong-type": {
    status: 400,
    title: "Wrong type",
    when: "A field or parameter has the wrong type.",
  },
  "request.repeated-parameter": {
    status: 400,
    title: "Parameter repeated",
    when: "A single parameter is given twice.",
  },
  "request.ambiguous": {
    status: 400,
    title: "Request ambiguous",
    when: "Fields exclude each other, or one of several is needed.",
  },
  "request.aborted": { status: 499, title: "Request aborted", when: "The client went away." },
  "request.too-many": {
    status: 429,
    title: "Too many requests",
    when: "The tenant's limit a minute is used up.",
  },
  "service.internal": {
    status: 500,
    title: "Internal error",
    when: "The service failed; its log has the request id.",
  },
  "query.unknown-dataset": {
    status: 400,
    title: "Dataset unknown",
    when: "`dataset` is none of the datasets.",
  },
  "query.unknown-dimension": {
    status: 400,
    title: "Dimension unknown",
    when: "The dataset has no such dimension.",
  },
  "query.unknown-measure": {
    status: 400,
    title: "Measure unknown",
    when: "The dataset has no such measure.",
  },
  "query.unknown-comparison": {
    status: 400,
    title: "Comparison unknown",
    when: "`compare` is none of the comparisons.",
  },
  "query.repeated-dimension": {
    status: 400,
    title: "Dimension repeated",
    when: "`groupBy` names a dimension twice.",
  },
  "query.no-measure": { status: 400, title: "No measure", when: "`measures` is an empty list." },
  "query.mixed-measures": {
    status: 400,
    title: "Measures mixed",
    when: "Counters and gauges are asked for together.",
  },
  "query.mixed-currencies": {
    status: 400,
    title: "Several currencies",
    when: "Amounts of different currencies would have to be added.",
  },
  "query.mixed-units": {
    status: 400,
    title: "Several units",
    when: "Quantities of different units would have to be added.",
  },
  "query.invalid-filter": {
    status: 400,
    title: "Filter not valid",
    when: "A filter's field, operation or value does not fit.",
  },
  "query.invalid-sort": {
    status: 400,
    title: "Sort not valid",
    when: "The result has no such column to sort by.",
  },
  "query.invalid-limit": {
    status: 400,
    title: "Limit not valid",
    when: "`limit` is no positive whole number.",
  },
  "query.limit-too-large": {
    status: 400,
    title: "Limit too large",
    when: "`limit` is over what one answer may hold.",
  },
  "query.too-many": {
    status: 400,
    title: "Too many parts",
    when: "The query has more dimensions, measures or filters than allowed.",
  },
  "date.invalid": {
    status: 400,
    title: "Date not valid",
    when: "A date is no calendar date written YYYY-MM-DD.",
  },
  "decimal.invalid": { status: 400, title: "Number not valid", when: "Text is no decimal number." },
  "range.unknown-preset": { status: 400, title: "Range unknown", when: "The range is none of the presets." },
  "range.empty": { status: 400, title: "Range empty", when: "`to` is not after `from`." },
  "range.too-long": {
    status: 400,
    title: "Range too long",
    when: "The range spans more days than one query may ask for.",
  },
  "report.not-found": {
    status: 404,
    title: "Report not found",
    when: "The tenant has no report of that id.",
  },
  "report.exists": { status: 409, title: "Report exists", when: "A report of that id exists." },
  "report.changed": {
    status: 412,
    title: "Report changed",
    when: "The report is no longer as `If-Match` says.",
  },
  "report.precondition-required": {
    status: 428,
    title: "If-Match required",
    when: "A report is replaced without `If-Match`.",
  },
  "report.unknown-template": {
    status: 404,
    title: "Template unknown",
    when: "There is no built-in report of that name.",
  },
  "export.unknown-format": {
    status: 400,
    title: "Format unknown",
    when: "`format` is none of the file formats.",
  },
  "export.not-found": {
    status: 404,
    title: "Export not found",
    when: "The tenant has no export of that id.",
  },
  "export.not-ready": { status: 409, title: "Export not ready", when: "The export is still being written." },
  "export.failed": {
    status: 409,
    title: "Export failed",
    when: "The export ended with an error; it has no file.",
  },
  "export.too-large": {
    status: 413,
    title: "Export too large",
    when: "The file format cannot hold that many rows.",
  },
  "export.incomplete": {
    status: 503,
    title: "Export incomplete",
    when: "The store gave fewer rows than it announced.",
  },
  "tenant.not-found": { status: 404, title: "Tenant not found", when: "The registry has no such tenant." },
  "tenant.exists": { status: 409, title: "Tenant exists", when: "A tenant of that id exists." },
  "tenant.account-taken": { status: 409, title: "Account taken", when: "Another tenant claims the account." },
  "tenant.invalid-id": {
    status: 400,
    title: "Tenant id not valid",
    when: "The id is not made of allowed characters.",
  },
  "tenant.invalid-name": { status: 400, title: "Tenant name not valid", when: "The name is empty." },
  "tenant.invalid-color": {
    status: 400,
    title: "Colour not valid",
    when: "The colour is not written #rrggbb.",
  },
  "tenant.reserved": {
    status: 400,
    title: "Tenant id reserved",
    when: "The id names the holder of unmapped accounts.",
  },
  "zone.invalid": { status: 400, title: "Time zone unknown", when: "The name is no IANA time zone." },
  "import.no-file": { status: 422, title: "No file", when: "The upload holds no file." },
  "store.unavailable": {
    status: 503,
    title: "Store not available",
    when: "The store cannot answer now; `Retry-After` says when to try again.",
  },
} as const satisfies Record<string, ProblemSpec>;

export type ProblemCode = keyof typeof PROBLEMS;

/** What the table says of a code; undefined for codes of adapters and importers that it does not list. */
export function problemSpec(code: string): ProblemSpec | undefined {
  return (PROBLEMS as Record<string, ProblemSpec>)[code];
}
