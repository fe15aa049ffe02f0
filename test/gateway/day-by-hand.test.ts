import { describe, expect, test } from "vitest";
import { refusedDay } from "../../src/gateway/day-by-hand.ts";
import { startFixture } from "../support/gateway-fixture.ts";

const TODAY = 20_000;

describe("A business date that an operator begins by hand", () => {
  test.each([
    ["the clock's own", TODAY, TODAY - 3, TODAY, null],
    ["one that has begun", TODAY - 9, TODAY, TODAY, null],
    ["the day after the clock's", TODAY + 1, TODAY, TODAY, "day_not_come"],
    ["ten years after the clock's", TODAY + 3_660, TODAY, TODAY, "day_not_come"],
    ["more than ten years ahead", TODAY + 3_661, TODAY, TODAY, "day_out_of_range"],
    ["ten years ahead, without a clock", TODAY + 3_660, TODAY, null, null],
  ])("%s", (_, day, businessDay, today, code) => {
    expect(refusedDay(day, businessDay, today)?.code ?? null).toBe(code);
  });

  test("is asked for again while the present one is not known", async () => {
    const fixture = await startFixture();
    const { runtime } = fixture;
    const operator = await fixture.operator();
    const advance = () => operator.ask("calendar.advance", { day: TODAY + 1 });
    const unavailable = { kind: "error", code: "unavailable" };
    runtime.isServing = false;
    expect(await advance()).toMatchObject(unavailable);
    // All serve, and the first date of one is not durable yet.
    [runtime.isServing, runtime.businessDay] = [true, 0];
    const answer = await advance();
    expect(answer).toMatchObject(unavailable);
    expect((answer as { retryAfterMs: number | null }).retryAfterMs).toBeGreaterThan(0);
    runtime.businessDay = TODAY;
    expect(await advance()).toMatchObject({ kind: "reply" });
  });

  test("is in the log with who it was, since the journal does not say", async () => {
    const fixture = await startFixture();
    const { businessDay } = fixture.runtime;
    const operator = await fixture.operator();
    await operator.must("calendar.advance", { day: businessDay });
    expect(fixture.logged).not.toContain("business dates are moved on by hand");
    await operator.must("calendar.advance", { day: businessDay + 2 });
    expect(fixture.logged).toContain("business dates are moved on by hand");
  });
});
