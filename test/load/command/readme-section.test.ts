import { expect, test } from "vitest";
import { commandTyped } from "../../../load/command/readme-section.ts";

test("the command that wrote a section of a page shows its options, and no folder of a machine", () => {
  const args = "--rounds 2 --json --data-folder /mnt --readme /a/b/README.md".split(" ");
  const typed = commandTyped("compare", args);
  expect(typed).toBe("npm run compare -- --rounds 2 --readme README.md");
});
