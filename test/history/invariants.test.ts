// INVARIANTS.md is where `loanloom verify` sends a reader: it must
// name each check beside its number.

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { CHECKS } from "../../src/history/report.ts";

test("INVARIANTS.md names every check, at its invariant and at no other", () => {
  const path = new URL("../../src/history/INVARIANTS.md", import.meta.url);
  const told = new Map<string, number>();
  for (const line of readFileSync(path, "utf8").split("\n")) {
    const [, number, , checks = ""] = line.split("|");
    for (const [, name] of checks.matchAll(/`(\w+)`/g)) told.set(name!, Number(number));
  }
  const known = Object.entries(CHECKS).map(([name, [invariant]]) => [name, invariant] as const);
  expect(told).toEqual(new Map(known));
});
