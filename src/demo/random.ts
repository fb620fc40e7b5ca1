/**
 * Seeded randomness from integer operations and IEEE multiplication only, so that a seed gives the same bytes on
 * every machine (Math.exp, sin and pow may differ in the last bit between engines and are not used in this room).
 */
export interface Random {
  /** In [0, 1), 32 bits of it. */
  next(): number;
  /** A whole number in [low, high]. */
  int(low: number, high: number): number;
  pick<T>(items: readonly [T, ...T[]]): T;
  /** True with this probability. */
  chance(probability: number): boolean;
}

/** A finaliser with full avalanche (MurmurHash3's, public domain). */
function mix(value: number): number {
  let h = value;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A number in [-1, 1) that depends on its coordinates alone: a day's noise does not change with what ran before. */
export function noiseAt(seed: number, series: number, day: number): number {
  const h = mix(mix(mix(seed ^ 0x9e3779b9) + series) + day);
  return h / 2_147_483_648 - 1;
}

/** FNV-1a over UTF-16 units: turns a name into a seed. */
export function seedOf(text: string, seed: number): number {
  let h = 0x811c9dc5 ^ mix(seed);
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  return mix(h);
}

/** The sfc32 generator (Chris Doty-Humphrey, public domain), warmed up. */
export function createRandom(seed: number): Random {
  let [a, b, c, counter] = [mix(seed), mix(seed + 1), mix(seed + 2), 1];
  const next = (): number => {
    const t = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + t) | 0;
    return (t >>> 0) / 4_294_967_296;
  };
  for (let i = 0; i < 12; i++) next();
  return {
    next,
    int: (low, high) => low + Math.floor(next() * (high - low + 1)),
    pick: (items) => items[Math.floor(next() * items.length)] ?? items[0],
    chance: (probability) => next() < probability,
  };
}
