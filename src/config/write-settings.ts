// `npm run docs`: writes the table of settings into README, between its two markers, and nothing
// else of README. A test fails when what is committed is older than the table.

import { readFileSync, writeFileSync } from "node:fs";
import { settingsMarkdown } from "../config.ts";

const BEGIN = "<!-- settings:begin -->";
const END = "<!-- settings:end -->";
const FILE = "README.md";

const page = readFileSync(FILE, "utf8");
const begin = page.indexOf(BEGIN);
const end = page.indexOf(END);
if (begin < 0 || end < begin) throw new Error(`${FILE} has no place for settings`);
const before = page.slice(0, begin + BEGIN.length);
writeFileSync(FILE, `${before}\n\n${settingsMarkdown()}\n\n${page.slice(end)}`);
