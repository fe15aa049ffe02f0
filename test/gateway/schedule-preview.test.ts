import { describe, expect, test } from "vitest";
import { parseBusinessDate } from "../../src/lending/business-date.ts";
import {
  previewOf,
  previewTokens,
  type PreviewCommand,
} from "../../src/gateway/schedule-preview.ts";
import { startFixture } from "../support/gateway-fixture.ts";

const TODAY = parseBusinessDate("2026-01-31")!;
const NOTHING: PreviewCommand = {
  type: "PreviewSchedule",
  principalCents: null,
  rateBps: null,
  term: null,
  method: null,
  startOn: null,
  basisDays: null,
  paymentCents: null,
};
const REST = Array.from({ length: 10 }, (_, n) => ({ k: n + 3 }));
const YEAR = { principalCents: 1_000_000, rateBps: 1_200, term: 12 };

function preview(asked: Partial<PreviewCommand>) {
  const answer = previewOf({ ...NOTHING, ...asked }, TODAY);
  if (!answer.ok) throw new Error(answer.code);
  return answer.view;
}

function refusal(asked: Partial<PreviewCommand>) {
  const answer = previewOf({ ...NOTHING, ...asked }, TODAY);
  return answer.ok ? "ok" : answer.code;
}

describe("schedule.preview", () => {
  test("shows the example of the handbook: 888.49 a month, 888.47 at the end", () => {
    const { instalments, interestCents, totalCents } = preview(YEAR);
    const payments = instalments.map((each) => each.principalCents + each.interestCents);
    expect(payments).toEqual([...Array<number>(11).fill(888_49), 888_47]);
    expect(totalCents).toBe(11 * 888_49 + 888_47);
    expect(interestCents).toBe(totalCents - 1_000_000);
    expect(instalments[0]!.dueOn).toBe(parseBusinessDate("2026-02-28"));
    expect(instalments[1]!.dueOn).toBe(parseBusinessDate("2026-03-31"));
  });

  test("counts days from the given start, on the given basis", () => {
    const startOn = parseBusinessDate("2026-03-01")!;
    const asked = { ...YEAR, term: 90, method: "bullet_days", startOn } as const;
    const [only] = preview({ ...asked, basisDays: 360 }).instalments;
    expect(only).toEqual({
      k: 1,
      dueOn: startOn + 90,
      principalCents: 1_000_000,
      interestCents: 30_000,
    });
    expect(preview({ ...asked, basisDays: 0 }).interestCents).toBe(29_589);
  });

  test("finds what is left out, and shows the schedule of what it found", () => {
    const { principalCents, rateBps, term } = YEAR;
    const paymentCents = 888_49;
    expect(preview({ rateBps, term, paymentCents })).toMatchObject({ rateBps, term });
    expect(preview({ principalCents, term, paymentCents }).rateBps).toBeLessThanOrEqual(1_200);
    const found = preview({ principalCents, rateBps, paymentCents });
    expect(found.term).toBe(12);
    expect(found.instalments.length).toBe(12);
  });

  test.each<[Partial<PreviewCommand>, string]>([
    [{}, "invalid_field"],
    [{ ...YEAR, term: null }, "invalid_field"],
    [{ ...YEAR, paymentCents: 1 }, "invalid_field"],
    [{ principalCents: 1, paymentCents: 1 }, "invalid_field"],
    [{ rateBps: 1, term: 1, paymentCents: 1, method: "bullet" }, "invalid_field"],
    [{ ...YEAR, rateBps: 100_001 }, "rate_out_of_range"],
    [{ ...YEAR, term: 601 }, "terms_out_of_range"],
    [{ ...YEAR, term: 0 }, "terms_out_of_range"],
    [{ ...YEAR, startOn: 2_932_896 }, "terms_out_of_range"],
    [{ ...YEAR, method: "bullet_days", basisDays: 7 }, "terms_out_of_range"],
    [{ ...YEAR, term: null, paymentCents: 10_000 }, "payment_never_repays"],
    [{ ...YEAR, rateBps: null, paymentCents: 1 }, "payment_too_small"],
    [{ ...YEAR, rateBps: null, paymentCents: 10 ** 12 }, "payment_too_large"],
    [{ principalCents: 1_000_000, rateBps: 0, paymentCents: 1 }, "term_too_long"],
    [{ rateBps: 2 ** 53 - 1, term: 5, paymentCents: 1 }, "rate_out_of_range"],
  ])("refuses %j with %s", (asked, code) => {
    expect(refusal(asked)).toBe(code);
  });

  test("takes as much of the allowance as a search costs", () => {
    expect(previewTokens(NOTHING)).toBe(1);
    expect(previewTokens({ ...NOTHING, paymentCents: 1 })).toBe(20);
  });

  test("is answered over the socket from the server's business date, and charged", async () => {
    const fixture = await startFixture({
      requestsPerSecondPerAccount: 1,
      requestBurstPerAccount: 25,
      inFlightPerSessionMax: 20,
    });
    const client = await fixture.client("anybody");
    const fields = { rateBps: 1_200, term: 12, paymentCents: 888_49 };
    const found = await client.ask("schedule.preview", fields);
    expect(found).toMatchObject({ kind: "reply", position: "", view: { term: 12 } });
    const shown = await client.ask("schedule.preview", YEAR);
    expect(shown).toMatchObject({ view: { instalments: [{ k: 1 }, { k: 2 }, ...REST] } });
    expect(await client.refusal("schedule.preview", {})).toMatchObject({ code: "invalid_field" });
    for (let n = 0; n < 3; n++) await client.ask("session.ping");
    expect(await client.refusal("session.ping", {})).toMatchObject({ code: "rate_limited" });
  });
});
