import { serviceName } from "../../core/findings/services.ts";
import { type Fields, fieldsAt, firstText, textAt } from "../shared/fields.ts";
import { type ApiCall, type Refused, refuse } from "../shared/record-format.ts";
import { timeAt } from "./times.ts";

/** Reads one API Activity event (class 6003), as CloudTrail's are written in OCSF. */
export function apiCall(record: Fields): ApiCall | Refused {
  const account = firstText(
    textAt(fieldsAt(record, "cloud", "account"), "uid"),
    textAt(fieldsAt(record, "cloud"), "account_uid"),
    textAt(fieldsAt(record, "actor", "user", "account"), "uid"),
    textAt(fieldsAt(record, "actor", "user"), "account_uid"),
  );
  if (account === null) return refuse("cloud.account.uid", "has no cloud.account.uid");
  const service = textAt(fieldsAt(record, "api", "service"), "name");
  if (service === null) return refuse("api.service.name", "has no api.service.name");
  const at = timeAt(record, "time");
  if (typeof at !== "number") return refuse("time", at === null ? "has an invalid time" : "has no time");
  return {
    kind: "api-call",
    account,
    region: textAt(fieldsAt(record, "cloud"), "region"),
    service: serviceName(service.replace(/\.amazonaws\.com(?:\.cn)?$/, "")),
    at,
    id: textAt(fieldsAt(record, "metadata"), "uid"),
  };
}
