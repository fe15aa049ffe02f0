import { expect, test } from "vitest";
import { commandTyped } from "../../../load/report/readme-section.ts";

test("the command that wrote a section of a page shows its options, and no folder of a machine", () => {
  const typed = commandTyped("compare", ["--rounds", "2", "--json", "--readme", "/a/b/README.md"]);
  expect(typed).toBe("npm run compare -- --rounds 2 --readme README.md");
});
