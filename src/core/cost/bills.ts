import { must } from "../errors/must.ts";
/** A part of a bill as a load holds it. */
export interface BillPart {
  tenant: string;
  /** `format:provider:payer`, `-` where the file names none. */
  source: string;
  /** `YYYY-MM` of the bill. */
  period: string;
  rows: number;
}

/** A bill that a tenant's facts contain more than once. */
export interface TwiceCounted {
  tenant: string;
  payer: string;
  period: string;
  /** Its sources, sorted; at least two. */
  sources: readonly string[];
}

/** The account that pays; payers of some providers have colons. Undefined where the source names none. */
export function payerOf(source: string): string | undefined {
  const payer = source.split(":").slice(2).join(":");
  return payer === "" || payer === "-" ? undefined : payer;
}

/**
 * Bills whose facts came in two formats, say a Cost and Usage Report and a FOCUS export of one payer and month: both
 * are whole bills, and their sum is twice the cost. Two providers in one format are two bills, whatever their accounts.
 */
export function countedTwice(parts: readonly BillPart[]): TwiceCounted[] {
  const bills = new Map<string, { tenant: string; payer: string; period: string; sources: Set<string> }>();
  for (const { tenant, source, period, rows } of parts) {
    const payer = payerOf(source);
    if (payer === undefined || rows === 0) continue;
    const key = JSON.stringify([tenant, payer, period]);
    const bill = bills.get(key) ?? { tenant, payer, period, sources: new Set<string>() };
    bill.sources.add(source);
    bills.set(key, bill);
  }
  return [...bills.values()]
    .map((bill) => ({ ...bill, sources: [...bill.sources].sort() }))
    .filter(({ sources }) => new Set(sources.map((source) => source.split(":")[0])).size > 1)
    .sort((a, b) => (a.period < b.period ? -1 : a.period > b.period ? 1 : 0));
}

/** The command that removes one of the sources of a bill. */
function removalOf(tenant: string, source: string, period: string): string {
  return `securebase imports remove --tenant ${tenant} --dataset cost --source ${shellWord(source)} --period ${period}`;
}

/** Sources hold what a file says of its provider and payer: a shell must not take that for more than a word. */
function shellWord(text: string): string {
  return /^[\w:./@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** Warns that a load made a bill count twice, or would, and says how to fix that or select one source. */
export function countedTwiceWarning(
  bill: Pick<TwiceCounted, "tenant" | "payer" | "period">,
  own: string,
  other: string,
  dryRun = false,
): string {
  const { tenant, payer, period } = bill;
  const warning = `The costs of ${payer} for ${period} from ${own} were also loaded from ${other} and ${dryRun ? "would count twice" : "now count twice"}`;
  return `${warning}. Keep one of them: ${removalOf(tenant, other, period)} removes the other; until then, the filter source=${own} selects this one only.`;
}

/** The same as notes on answers with such bills, one for all months of one payer and the same sources. */
export function countedTwiceNotes(bills: readonly TwiceCounted[]): string[] {
  const together = new Map<string, { payer: string; periods: string[]; sources: readonly string[] }>();
  for (const { payer, period, sources } of bills) {
    const key = JSON.stringify([payer, sources]);
    const found = together.get(key) ?? { payer, periods: [], sources };
    found.periods.push(period);
    together.set(key, found);
  }
  return [...together.values()].map(({ payer, periods, sources }) => {
    const first = must(periods[0], "a month of the bill");
    const last = must(periods.at(-1), "a month of the bill");
    const months = first === last ? first : `${periods.length} months from ${first} to ${last}`;
    return `The costs of ${payer} for ${months} count ${sources.length === 2 ? "twice" : `${sources.length} times`}: they came from ${sources.join(" and ")}. The filter source=${must(sources[0], "a source of the bill")} selects one; securebase imports remove, or DELETE /v1/imports, removes the other.`;
  });
}
