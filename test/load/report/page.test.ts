// The page of a report: self-contained, and never more than text where text is meant.

import { describe, expect, test } from "vitest";
import { escaped, htmlTable, scriptJson } from "../../../load/report/html.ts";
import { lasting, ms } from "../../../load/report/numbers.ts";

const HOSTILE = `</script><img src=x onerror="alert('1')">&`;

describe("Text on the page", () => {
  test("is text, whatever it is", () => {
    expect(escaped(HOSTILE)).not.toMatch(/[<>"']/);
    expect(htmlTable([[HOSTILE], [HOSTILE]])).not.toContain("<img");
  });

  test("as data cannot end its script, and is read back as it was", () => {
    const text = scriptJson({ text: HOSTILE });
    expect(text).not.toContain("<");
    expect(JSON.parse(text)).toEqual({ text: HOSTILE });
  });
});

describe("Numbers", () => {
  test("have as many digits as say something", () => {
    expect([0.004, 9.994, 12.34, 1_234.5].map(ms)).toEqual(["0.00", "9.99", "12.3", "1,235"]);
    expect([250, 12_500, 600_000].map(lasting)).toEqual(["250 ms", "12.5 s", "10 min"]);
  });
});
