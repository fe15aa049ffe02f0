import { describe, expect, test } from "vitest";
import { complaintAboutNode } from "../../src/cli/node-version.ts";
import { within } from "../../src/command/number-options.ts";
import { rowsText } from "../../src/cli/table-text.ts";
import { centsText, duration, fieldsText, instant, wholeNumber } from "../../src/cli/values.ts";

describe("What people read", () => {
  test("has dates and per cent in tables and lists, and no line for what is empty", () => {
    const row = { loanId: "kiln", sinceMs: 1_795_873_034_123, xirrPpm: 114_977 };
    expect(rowsText([row])).toBe(
      "loanId                     since     xirr\n" + "kiln    2026-11-28T13:37:14.123Z  11.50 %",
    );
    expect(fieldsText({ ...row, waitMs: 250, position: "" })).toBe(
      [
        "loanId   kiln",
        "sinceMs  1795873034123 (2026-11-28T13:37:14.123Z)",
        "xirrPpm  114977 (11.50 %)",
        "waitMs   250",
      ].join("\n"),
    );
  });
});

describe("What people type", () => {
  test.each(["1e3", "0x10", " 7", "7.0", "+7", "-1", "8", ""])(
    "%j is not within 1 to 7",
    (text) => {
      expect(() => within(1, 7)(text)).toThrow(/whole number from 1 to 7/);
    },
  );

  test.each([
    ["90", 90_000],
    ["90s", 90_000],
    ["15m", 900_000],
    ["12h", 43_200_000],
    ["30d", 2_592_000_000],
    ["250ms", 250],
  ])("the duration %s is %d ms", (text, ms) => expect(duration(text)).toBe(ms));

  test.each(["", "0", "-1s", "1.5h", "1w", "h", "1 h"])("%j is no duration", (text) => {
    expect(() => duration(text)).toThrow(/duration such as/);
  });

  test.each([
    ["+15m", 1_000_000_900_000],
    ["2030-01-31T12:00:00Z", Date.UTC(2030, 0, 31, 12)],
    ["1893456000000", 1_893_456_000_000],
  ])("the instant %s is %d", (text, ms) => expect(instant(text, 1_000_000_000_000)).toBe(ms));

  test.each(["tomorrow", "2030", "2030-13-01T00:00:00Z", "+", "15m"])(
    "%j is no instant",
    (text) => {
      expect(() => instant(text)).toThrow(/expected/);
    },
  );

  test.each(["1.5", "1e3", "-1", "0x10", "", "1,000", "9007199254740993"])(
    "%j is no whole number",
    (text) => expect(() => wholeNumber(text)).toThrow(/whole number/),
  );
});

describe("What people read", () => {
  test.each([
    [0, "0.00"],
    [5, "0.05"],
    [100, "1.00"],
    [123_456_789, "1,234,567.89"],
    [-250, "-2.50"],
    [9_007_199_254_740_991, "90,071,992,547,409.91"],
  ])("%d cents are %s", (cents, text) => expect(centsText(cents)).toBe(text));

  test("fields stand in columns, amounts and instants also as people read them", () => {
    expect(fieldsText({ loanId: "spring", raisedCents: 150, closesAtMs: 0, cap: null })).toBe(
      "loanId       spring\nraisedCents  150 (1.50)\nclosesAtMs   0 (1970-01-01T00:00:00.000Z)",
    );
  });
});

describe("The version of Node", () => {
  test.each(["20.0.0", "20.20.2", "22.12.0"])("%s is fine", (version) => {
    expect(complaintAboutNode(version)).toBeNull();
  });

  test.each(["18.19.0", "21.7.3", "23.1.0", "24.0.0", "2.0.0"])("%s is refused", (version) => {
    expect(complaintAboutNode(version)).toContain(
      `runs on Node 20 and 22; this is Node ${version}`,
    );
  });
});
