import { describe, expect, it } from "vitest";
import { InvocationMeter, jsonLogger, metricLine } from "./observe.ts";

describe("jsonLogger", () => {
  it("writes one object a line, and no token or recipient wherever it stands", () => {
    const lines: string[] = [];
    const logger = jsonLogger(
      (line) => lines.push(line),
      () => ({ awsRequestId: "r1" }),
    );
    const token = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl";
    logger.info(
      { authorization: `Bearer ${token}`, note: `sent Bearer ${token}`, nested: { to: "a@b.c", token } },
      "hi",
    );
    logger.error({ error: { message: `bad token ${token}` } }, "failed");
    expect(lines.join("\n")).not.toMatch(/eyJ|a@b\.c/);
    expect(JSON.parse(lines[0] ?? "")).toMatchObject({
      ...{ level: "info", message: "hi", awsRequestId: "r1", note: "sent Bearer [hidden]" },
    });
    expect(lines.every((line) => !line.includes("\n"))).toBe(true);
  });
});

describe("metricLine", () => {
  it("counts feedback on exports, and its score", () => {
    const about = { environment: "prod", route: "r", status: 201, durationMs: 1, coldStart: false };
    const usage = new InvocationMeter().take();
    const line = metricLine({ ...about, usage, report: false, feedback: 4 }, new Date(0));
    expect(JSON.parse(line)).toMatchObject({ Feedback: 1, FeedbackScore: 4 });
    expect(line).toContain('{"Name":"FeedbackScore","Unit":"None"}');
  });

  it("names every metric it carries, by environment and by route", () => {
    const meter = new InvocationMeter();
    meter.consumed({ read: 1.5, write: 2, items: 3 });
    meter.hit();
    meter.throttled();
    const line = metricLine(
      {
        ...{ environment: "prod", route: "GET /v1/costs", status: 503, durationMs: 12.5, coldStart: true },
        ...{ usage: meter.take(), report: false },
      },
      new Date(1_700_000_000_000),
    );
    const parsed = JSON.parse(line) as {
      _aws: {
        Timestamp: number;
        CloudWatchMetrics: { Dimensions: string[][]; Metrics: { Name: string }[] }[];
      };
    } & Record<string, unknown>;
    expect(parsed).toMatchObject({
      ...{ Count: 1, Errors: 1, Duration: 12.5, ReadCapacity: 1.5, WriteCapacity: 2, Throttles: 1 },
      ...{ CacheHits: 1, CacheMisses: 0, ColdStart: 1, environment: "prod", route: "GET /v1/costs" },
    });
    const [directive] = parsed._aws.CloudWatchMetrics;
    expect(directive?.Dimensions).toEqual([["environment"], ["environment", "route"]]);
    expect(directive?.Metrics.map(({ Name }) => Name)).not.toContain("Feedback");
    for (const { Name } of directive?.Metrics ?? []) expect(parsed[Name]).toBeTypeOf("number");
    expect(meter.take().readUnits).toBe(0);
  });
});
