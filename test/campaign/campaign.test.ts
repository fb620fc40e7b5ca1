import { expect, it } from "vitest";
import { runCampaign } from "./campaign.ts";

/** How long it goes on; `npm run campaign` takes as long as wanted. */
const SECONDS = 45;

it("a server under attack answers an honest tenant rightly, and loses nothing that it acknowledged", async () => {
  const { failures, honest, acknowledged, kills } = await runCampaign({
    seed: 20_261_128,
    seconds: SECONDS,
    program: "source",
    attackers: 3,
  });
  expect(failures).toEqual([]);
  expect([honest.answers > 0, acknowledged > 0, kills > 0]).toEqual([true, true, true]);
}, 240_000);
