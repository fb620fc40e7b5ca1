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

/**
 * Adds up what this process and its children use, for jobs that do one part of their work in a child and the next one
 * here: call {@link handOver} between the two and {@link total} at the end, both while the child lives.
 */
export class UsageOfBoth {
  #before = 0;

  handOver(): void {
    this.#before = process.memoryUsage.rss() / 1024 + sum(children(), "peakKb");
  }

  total(): Usage {
    const { user, system } = process.cpuUsage();
    const found = children();
    return {
      cpuSeconds: (user + system) / 1e6 + sum(found, "cpuSeconds"),
      maxRssKb: Math.max(this.#before, process.resourceUsage().maxRSS + sum(found, "rssKb")),
    };
  }
}

interface Child {
  cpuSeconds: number;
  peakKb: number;
  rssKb: number;
}

function children(): Child[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid): Child[] => {
      try {
        const status = readFileSync(`/proc/${pid}/status`, "utf8");
        const value = (name: string): number =>
          Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)?.[1]);
        if (value("PPid") !== process.pid) return [];
        // Behind the name in parentheses: state, ppid, …; utime and stime are the 12th and 13th.
        const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ")[1]?.split(" ") ?? [];
        const cpuSeconds = (Number(fields[11]) + Number(fields[12])) / TICKS;
        return [{ cpuSeconds, peakKb: value("VmHWM"), rssKb: value("VmRSS") }];
      } catch {
        // It has ended meanwhile.
        return [];
      }
    });
}

function sum(list: readonly Child[], key: keyof Child): number {
  return list.reduce((total, each) => total + each[key], 0);
}
