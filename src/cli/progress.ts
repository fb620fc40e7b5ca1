import type { Effects } from "./effects.ts";

export interface Progress {
  /** @param fraction 0 to 1, undefined while unknown */
  readonly update: (text: string, fraction?: number) => void;
  /** Removes the bar; the last plain line stays. */
  readonly done: () => void;
}

const WIDTH = 24;
const REDRAW_MS = 80;
const LINE_MS = 5_000;

/**
 * Progress on stderr: a bar that redraws itself on a terminal; elsewhere a plain line when the phase changes and every
 * few seconds. Nothing with `quiet`.
 */
export function startProgress(effects: Effects, quiet = false): Progress {
  if (quiet) return { update: () => undefined, done: () => undefined };
  return effects.interactive ? liveBar(effects) : plainLines(effects);
}

function liveBar(effects: Effects): Progress {
  let last = 0;
  let drawn = false;
  return {
    update(text, fraction) {
      const now = effects.now().getTime();
      if (now - last < REDRAW_MS && fraction !== 1) return;
      last = now;
      drawn = true;
      const line = `${bar(fraction)} ${text}`.slice(0, effects.columns - 1);
      effects.err(`\r\u001b[2K${line}`);
    },
    done() {
      if (drawn) effects.err("\r\u001b[2K");
    },
  };
}

function bar(fraction: number | undefined): string {
  if (fraction === undefined) return `[${"·".repeat(WIDTH)}]     `;
  const share = Math.min(1, Math.max(0, fraction));
  const full = Math.round(share * WIDTH);
  return `[${"█".repeat(full)}${"·".repeat(WIDTH - full)}] ${String(Math.floor(share * 100)).padStart(3)}%`;
}

function plainLines(effects: Effects): Progress {
  let last = 0;
  let phase = "";
  return {
    update(text, fraction) {
      const now = effects.now().getTime();
      const name = text.replace(/[\d.,]+.*$/, "");
      if (name === phase && now - last < LINE_MS) return;
      phase = name;
      last = now;
      effects.err(`${text}${fraction === undefined ? "" : ` (${Math.floor(fraction * 100)}%)`}\n`);
    },
    done: () => undefined,
  };
}
