// Puts the results of a run into a page, between two markers: figures are never typed there.

import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";

/** Replaces what is between `<!-- name:begin -->` and `<!-- name:end -->`; throws without them. */
export function writeSection(file: string, name: string, markdown: string): void {
  const begin = `<!-- ${name}:begin -->`;
  const text = readFileSync(file, "utf8");
  const from = text.indexOf(begin);
  const to = text.indexOf(`<!-- ${name}:end -->`);
  if (from < 0 || to < from) throw new Error(`${file} has no place for ${name}`);
  writeFileSync(file, `${text.slice(0, from + begin.length)}\n\n${markdown}\n\n${text.slice(to)}`);
}

/** The command of this process as a reader would type it; without folders of this machine. */
export function commandTyped(script: string, args = process.argv.slice(2)): string {
  const options = args.filter((arg, at) => {
    return arg !== "--json" && arg !== "--data-folder" && args[at - 1] !== "--data-folder";
  });
  return `npm run ${script} -- ${options.map((option) => basename(option)).join(" ")}`;
}
