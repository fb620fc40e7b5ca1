/**
 * Reorders one line of text for display, after the Unicode Bidirectional Algorithm (UAX #9) without its explicit
 * embedding controls: strong directions, numbers inside right-to-left text, neutrals between, mirrored brackets.
 */
export interface VisualRun {
  /** In logical order; a right-to-left run is drawn from its end. */
  text: string;
  rtl: boolean;
}

const RTL = /[\u0590-\u08FF\uFB1D-\uFDFF\uFE70-\uFEFC]/u;
const STRONG_LTR = /\p{L}/u;
const DIGIT = /[\p{Nd}]/u;
const MIRROR: Readonly<Record<string, string>> = {
  "(": ")",
  ")": "(",
  "[": "]",
  "]": "[",
  "{": "}",
  "}": "{",
  "<": ">",
  ">": "<",
  "«": "»",
  "»": "«",
};

/** Whether the text has anything written from right to left. */
export function hasRightToLeft(text: string): boolean {
  return RTL.test(text);
}

type Kind = "L" | "R" | "EN" | "N";

function kindOf(char: string): Kind {
  if (RTL.test(char)) return DIGIT.test(char) ? "EN" : "R";
  if (DIGIT.test(char)) return "EN";
  if (/\p{M}/u.test(char)) return "N";
  return STRONG_LTR.test(char) ? "L" : "N";
}

/** The runs of a line from left to right. The line's own direction is that of its first letter. */
export function visualRuns(text: string): VisualRun[] {
  const chars = Array.from(text);
  const kinds = chars.map(kindOf);
  const base: "L" | "R" = kinds.find((kind) => kind === "L" || kind === "R") === "R" ? "R" : "L";
  const levels = levelsOf(kinds, base);
  const runs: { text: string; level: number }[] = [];
  chars.forEach((char, i) => {
    const level = levels[i] ?? 0;
    const last = runs.at(-1);
    const shown = level % 2 === 1 ? (MIRROR[char] ?? char) : char;
    if (last?.level === level) last.text += shown;
    else runs.push({ text: shown, level });
  });
  // Rule L2: from the highest level down to 1, reverse every sequence of runs at that level or above.
  for (let level = 2; level >= 1; level--) reverseRuns(runs, level);
  return runs.map((run) => ({ text: run.text, rtl: run.level % 2 === 1 }));
}

function levelsOf(kinds: readonly Kind[], base: "L" | "R"): number[] {
  const directions = kinds.map((kind) => (kind === "EN" ? "EN" : kind));
  // Neutrals take the direction of both sides when these agree, numbers counting as right-to-left there (rule N1).
  let i = 0;
  while (i < directions.length) {
    if (directions[i] !== "N") {
      i++;
      continue;
    }
    let end = i;
    while (end < directions.length && directions[end] === "N") end++;
    const before = sideOf(directions, i - 1, base);
    const after = end < directions.length ? sideOf(directions, end, base) : base;
    for (let at = i; at < end; at++) directions[at] = before === after ? before : base;
    i = end;
  }
  let strong: "L" | "R" = base;
  return directions.map((direction) => {
    if (direction === "L" || direction === "R") strong = direction;
    if (direction === "EN") return strong === "R" ? 2 : base === "R" ? 2 : 0;
    if (base === "R") return direction === "L" ? 2 : 1;
    return direction === "R" ? 1 : 0;
  });
}

function sideOf(directions: readonly string[], at: number, base: "L" | "R"): "L" | "R" {
  for (let i = at; i >= 0; i--) {
    if (directions[i] === "L" || directions[i] === "R") return directions[i] === "R" ? "R" : "L";
    if (directions[i] === "EN") {
      const strong = sideOf(directions, i - 1, base);
      return strong === "R" ? "R" : "L";
    }
  }
  return base;
}

function reverseRuns(runs: { text: string; level: number }[], level: number): void {
  let i = 0;
  while (i < runs.length) {
    if ((runs[i]?.level ?? 0) < level) {
      i++;
      continue;
    }
    let end = i;
    while (end < runs.length && (runs[end]?.level ?? 0) >= level) end++;
    runs.splice(i, end - i, ...runs.slice(i, end).reverse());
    i = end;
  }
}
