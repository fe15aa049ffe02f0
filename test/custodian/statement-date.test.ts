import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  boundsOf,
  formatUtcOffset,
  parseStatementDate,
  parseUtcOffset,
  statementDateOf,
  statementDates,
} from "../../src/custodian/statement-date.ts";

describe("The custodian's day", () => {
  test.each([
    ["2026-11-23T15:59:59.999Z", 480, "2026-11-23"],
    ["2026-11-23T16:00:00.000Z", 480, "2026-11-24"],
    ["2026-11-23T23:59:59.999Z", 0, "2026-11-23"],
    ["2026-11-24T04:59:59.999Z", -300, "2026-11-23"],
    ["2024-02-28T16:00:00.000Z", 480, "2024-02-29"],
  ])("at %s with %d minutes is %s", (at, offset, date) => {
    expect(statementDateOf(Date.parse(at), offset)).toBe(date);
  });

  test("has every moment in exactly one day, and times one after the other in the same ones", () => {
    const times = fc.array(fc.integer({ min: 10 ** 9, max: 250 * 10 ** 12 }), { minLength: 1 });
    fc.assert(
      fc.property(times, fc.integer({ min: -720, max: 840 }), (atMs, offset) => {
        const dateOf = statementDates(offset);
        for (const each of atMs) {
          const date = statementDateOf(each, offset);
          const { fromMs, untilMs } = boundsOf(date, offset);
          expect(fromMs <= each && each < untilMs).toBe(true);
          expect(dateOf(each)).toBe(date);
        }
      }),
    );
  });

  test.each(["2026-02-29", "2026-13-01", "2026-00-10", "1969-12-31", "26-01-01", "2026-1-01", ""])(
    "%j is none",
    (text) => expect(parseStatementDate(text)).toBeUndefined(),
  );

  test.each(["2024-02-29", "1970-01-01", "9999-12-31"])("%s is one", (text) => {
    expect(parseStatementDate(text)).toBe(text);
  });

  test.each([
    ["+08:00", 480],
    ["-05:30", -330],
    ["+14:00", 840],
    ["-00:00", 0],
  ])("an offset of %s is %d minutes", (text, minutes) => {
    expect(parseUtcOffset(text)).toBe(minutes);
    expect(parseUtcOffset(formatUtcOffset(minutes))).toBe(minutes);
  });

  test.each(["8", "+8:00", "+15:00", "-12:01", "+08:60", "08:00"])(
    "an offset of %j is none",
    (text) => {
      expect(parseUtcOffset(text)).toBeUndefined();
    },
  );
});
