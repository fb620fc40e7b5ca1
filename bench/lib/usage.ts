import { readdirSync, readFileSync } from "node:fs";

/** What a process and those it started have used. */
export interface Usage {
  /** Of all threads, user and system. */
  cpuSeconds: number;
  /** The most they held at one time, in kB. */
  maxRssKb: number;
}

/** Clock ticks a second in /proc; the same on all usual Linux systems. */
const TICKS = 100;

const SAMPLE_MS = 50;

/** Adds up what this process and the ones it starts use, by looking at them many times a second. */
export class UsageOfBoth {
  #most = 0;
  /** Of each child, as last seen. */
  readonly #cpu = new Map<string, number>();
  readonly #timer: NodeJS.Timeout;

  constructor() {
    this.#timer = setInterval(() => this.#look(), SAMPLE_MS);
    this.#timer.unref();
  }

  #look(): void {
    let held = process.memoryUsage.rss() / 1024;
    for (const { pid, cpuSeconds, rssKb } of children()) {
      held += rssKb;
      this.#cpu.set(pid, cpuSeconds);
    }
    this.#most = Math.max(this.#most, held);
  }

  total(): Usage {
    clearInterval(this.#timer);
    this.#look();
    const { user, system } = process.cpuUsage();
    const ofChildren = [...this.#cpu.values()].reduce((sum, seconds) => sum + seconds, 0);
    return {
      cpuSeconds: (user + system) / 1e6 + ofChildren,
      maxRssKb: Math.max(this.#most, process.resourceUsage().maxRSS),
    };
  }
}

interface Child {
  pid: string;
  cpuSeconds: number;
  rssKb: number;
}

function children(): Child[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Child[] => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        // A process that has ended and was not waited for yet has no memory, and no line about it.
        const value = (name: string): number =>
          Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1] ?? 0);
        if (value("PPid") !== process.pid) return [];
        // Behind the name in parentheses: state, ppid, …; utime and stime are the 12th and 13th.
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
        const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
        return [{ pid, cpuSeconds, rssKb: value("VmRSS") }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}
