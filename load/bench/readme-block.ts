// Puts generated text into a page, between two markers: figures are never typed there.

import { readFileSync, writeFileSync } from "node:fs";

/** Throws when the file has no such markers: it is then not the page that was meant. */
export function writeBlock(file: string, name: string, block: string): void {
  const text = readFileSync(file, "utf8");
  const opening = `<!-- ${name}:begin -->`;
  const begin = text.indexOf(opening);
  const end = text.indexOf(`<!-- ${name}:end -->`);
  if (begin < 0 || end < begin) throw new Error(`${file} has no place for ${name}`);
  writeFileSync(file, `${text.slice(0, begin + opening.length)}\n\n${block}\n\n${text.slice(end)}`);
}
