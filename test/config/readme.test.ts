import { readFileSync } from "node:fs";
import { format } from "prettier";
import { expect, test } from "vitest";
import { settingsMarkdown } from "../../src/config.ts";

test("README's table of settings is what the code says now (else: npm run docs)", async () => {
  const page = readFileSync(new URL("../../README.md", import.meta.url), "utf8");
  const committed = /<!-- settings:begin -->\n\n(.*)\n<!-- settings:end -->/s.exec(page)?.[1];
  expect(committed).toBe(
    await format(`${settingsMarkdown()}\n`, { parser: "markdown", printWidth: 100 }),
  );
});
