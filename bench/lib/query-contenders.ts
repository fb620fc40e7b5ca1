/** The contenders of bench/query.ts that run in Node, one a process: `--contender NAME --store FOLDER --questions N`. */
import { Database } from "../../src/adapters/embedded/database.ts";
import { createMetricStore } from "../../src/adapters/embedded/metric-store.ts";
import { canonicalDecimal, formatDecimal, SCALE } from "../../src/core/money/decimal.ts";
import { planQuery } from "../../src/core/query/plan.ts";
import { parseDate } from "../../src/core/time/dates.ts";
import { AMOUNT_PLACES, tenantName, TENANTS } from "./facts-store.ts";
import { option, tellReport } from "./harness.ts";
import {
  answerDigest,
  type BenchQuestion,
  GROUP_COLUMNS,
  questions,
  WIDE_SHARE,
  wideQuestions,
} from "./questions.ts";

type Rows = (readonly [string | null, string])[];
/** Answers a question; undefined when it does not hold that tenant. */
type Ask = (question: BenchQuestion) => Promise<Rows | undefined> | Rows | undefined;
interface Contender {
  ask: Ask;
  close?: () => void;
  note?: string;
}

const WARM_UP = 20;
const GROUPS_SHOWN = 1_000;
const NOW = new Date("2024-10-15T00:00:00Z");

async function securebase(folder: string): Promise<Contender> {
  const database = await Database.open(folder);
  const store = createMetricStore(database);
  return {
    async ask({ tenant, from, to, by }) {
      const query = { dataset: "cost" as const, range: { from, to }, groupBy: [by], limit: GROUPS_SHOWN };
      const snapshot = await store.forTenant(tenantName(tenant)).snapshot(query.dataset);
      const aggregate = await snapshot.aggregate(planQuery(query, NOW, "UTC"));
      const rows: Rows = [];
      for await (const batch of aggregate.batches) {
        for (const [key = null, value] of batch) rows.push([key, value ?? ""]);
      }
      return rows;
    },
    close: () => database.close(),
  };
}

async function bareDuckDb(folder: string): Promise<Contender> {
  const database = await Database.open(folder);
  const connection = await database.acquire();
  return {
    async ask({ tenant, from, to, by }) {
      const reader = await connection.runAndReadAll(
        `SELECT ${GROUP_COLUMNS[by]}, sum(billed_cost) FROM facts_cost
          WHERE tenant = ${tenant + 1} AND day >= DATE '${from}' AND day < DATE '${to}'
          GROUP BY 1 ORDER BY 2 DESC NULLS LAST, 1 LIMIT ${GROUPS_SHOWN}`,
      );
      return reader
        .getRows()
        .map(([key, value]) => [key === null ? null : String(key), canonicalDecimal(String(value))] as const);
    },
    close() {
      connection.disconnectSync();
      database.close();
    },
  };
}

const UNIT = 10n ** BigInt(SCALE - AMOUNT_PLACES);

/** Streams the columns the questions are about, amounts as whole numbers of the last decimal. */
async function eachFact(
  folder: string,
  most: number,
  take: (tenant: number, day: number, groups: (string | null)[], amount: number) => void,
): Promise<void> {
  const database = await Database.open(folder);
  const connection = await database.acquire();
  const result = await connection.stream(
    `SELECT tenant, day - DATE '1970-01-01', (billed_cost * 100000000000)::BIGINT::DOUBLE, ${Object.values(GROUP_COLUMNS).join(", ")}
      FROM facts_cost WHERE tenant <= ${most}`,
  );
  for (
    let chunk = await result.fetchChunk();
    chunk !== null && chunk.rowCount > 0;
    chunk = await result.fetchChunk()
  ) {
    const [tenants = [], days = [], amounts = [], ...groups] = chunk.getColumns();
    for (let i = 0; i < chunk.rowCount; i++) {
      take(
        Number(tenants[i]),
        Number(days[i]),
        groups.map((column) => column[i] as string | null),
        Number(amounts[i]),
      );
    }
  }
  connection.disconnectSync();
  database.close();
}

const DIMENSIONS = Object.keys(GROUP_COLUMNS) as BenchQuestion["by"][];

/** One typed array a column, text as numbers of a dictionary: the best that plain arrays can do without an index. */
async function typedArrays(folder: string): Promise<Contender> {
  let size = 1 << 20;
  let count = 0;
  const grow = <T extends Int32Array | Uint16Array | Float64Array>(held: T, made: T): T => {
    made.set(held);
    return made;
  };
  let tenants = new Int32Array(size);
  let days = new Int32Array(size);
  let amounts = new Float64Array(size);
  let groups = DIMENSIONS.map(() => new Uint16Array(size));
  const words = DIMENSIONS.map(() => new Map<string | null, number>());
  await eachFact(folder, TENANTS, (tenant, day, values, amount) => {
    if (count === size) {
      size *= 2;
      tenants = grow(tenants, new Int32Array(size));
      days = grow(days, new Int32Array(size));
      amounts = grow(amounts, new Float64Array(size));
      groups = groups.map((column) => grow(column, new Uint16Array(size)));
    }
    tenants[count] = tenant;
    days[count] = day;
    amounts[count] = amount;
    values.forEach((value, d) => {
      const dictionary = words[d]!;
      if (!dictionary.has(value)) dictionary.set(value, dictionary.size);
      groups[d]![count] = dictionary.get(value)!;
    });
    count++;
  });
  return {
    ask({ tenant, from, to, by }) {
      const [key, first, end] = [tenant + 1, parseDate(from), parseDate(to)];
      const d = DIMENSIONS.indexOf(by);
      const column = groups[d]!;
      const dictionary = [...words[d]!.keys()];
      // Whole numbers below 2^53 add up exactly.
      const sums = new Float64Array(dictionary.length);
      const seen = new Uint8Array(dictionary.length);
      for (let i = 0; i < count; i++) {
        if (tenants[i] !== key || days[i]! < first || days[i]! >= end) continue;
        const word = column[i]!;
        sums[word]! += amounts[i]!;
        seen[word] = 1;
      }
      return dictionary.flatMap((word, i) => (seen[i] === 1 ? [[word, decimalOf(sums[i]!)] as const] : []));
    },
    note: "dictionary-coded columns, scanned in full",
  };
}

interface FactObject {
  tenant: number;
  day: number;
  amount: number;
  groups: Record<string, string | null>;
}

async function objects(folder: string, tenants: number, total: number): Promise<Contender> {
  const facts: FactObject[] = [];
  await eachFact(folder, tenants, (tenant, day, values, amount) => {
    facts.push({
      tenant,
      day,
      amount,
      groups: Object.fromEntries(DIMENSIONS.map((d, i) => [d, values[i] ?? null])),
    });
  });
  return {
    ask({ tenant, from, to, by }) {
      if (tenant >= tenants) return undefined;
      const [first, end] = [parseDate(from), parseDate(to)];
      const sums = new Map<string | null, number>();
      for (const fact of facts) {
        if (fact.tenant !== tenant + 1 || fact.day < first || fact.day >= end) continue;
        const key = fact.groups[by] ?? null;
        sums.set(key, (sums.get(key) ?? 0) + fact.amount);
      }
      return [...sums].map(([key, sum]) => [key, decimalOf(sum)] as const);
    },
    ...(tenants < TENANTS && {
      note: `${facts.length.toLocaleString("en")} of ${total.toLocaleString("en")} facts (${tenants} tenants and the questions about them), since all would take more memory than most machines have`,
    }),
  };
}

function decimalOf(scaled: number): string {
  return formatDecimal(BigInt(scaled) * UNIT);
}

async function contenderOf(name: string, folder: string): Promise<Contender> {
  switch (name) {
    case "securebase":
      return securebase(folder);
    case "bare DuckDB":
      return bareDuckDb(folder);
    case "JavaScript typed arrays":
      return typedArrays(folder);
    case "JavaScript objects": {
      const total = Number(/facts-(\d+)/.exec(folder)?.[1]);
      const tenants = Math.max(1, Math.floor((Number(option("most")) / total) * TENANTS));
      return objects(folder, tenants, total);
    }
    default:
      throw new Error(`no contender ${name}`);
  }
}

const contender = await contenderOf(option("contender") ?? "", option("store") ?? "");
const count = Number(option("questions"));
const asked = questions(count);
const readyMs = performance.now();
for (const question of asked.slice(0, WARM_UP)) await contender.ask(question);
const narrow = await timeAll(asked);
const wide = await timeAll(wideQuestions(Math.ceil(count / WIDE_SHARE)));
contender.close?.();
tellReport({
  ...narrow,
  wideTimes: wide.times,
  answers: [...narrow.answers, ...wide.answers],
  readyMs,
  ...(contender.note !== undefined && { note: contender.note }),
});

async function timeAll(
  list: readonly BenchQuestion[],
): Promise<{ times: number[]; answers: (string | null)[] }> {
  const times: number[] = [];
  const answers: (string | null)[] = [];
  for (const question of list) {
    const started = performance.now();
    const rows = await contender.ask(question);
    const took = performance.now() - started;
    if (rows !== undefined) times.push(took);
    answers.push(rows === undefined ? null : answerDigest(rows));
  }
  return { times, answers };
}
