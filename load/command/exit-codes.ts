// What the tools of `load` end with: one table for all of them, shown in each help.

import { EXIT_COMMON, UsageError } from "../../src/command/exit-codes.ts";

export const EXIT = {
  ...EXIT_COMMON,
  /** What clients were told is not what is. */
  wrongState: 3,
  /** Too much was refused or not answered: no figure counts. */
  void: 4,
  targetMissed: 5,
} as const;

/** The server's books and its answers differ. */
export class WrongState extends Error {}

/** Codes outside of it are the same for all. */
type Meanings = Readonly<Partial<Record<Exclude<keyof typeof EXIT, "usage">, string>>>;

const COLUMNS = 100;

/** The end of a help text: which code a tool ends with when, in the order of the table. */
export function exitHelp(meanings: Meanings & { readonly signal: string }): string {
  const all = { ...meanings, usage: "usage" };
  const codes = Object.entries(EXIT).flatMap(([name, code]) => {
    const meaning = all[name as keyof typeof EXIT];
    return meaning === undefined ? [] : [`${code} ${meaning}`];
  });
  const words = `Exit codes: ${codes.join(", ")}. 129, 130 or 143 ${meanings.signal}.`.split(" ");
  const lines = [""];
  for (const word of words) {
    const line = lines.at(-1)!;
    if (line === "") lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= COLUMNS) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return `\n${lines.join("\n")}`;
}

/** Says what went wrong, and sets what the process ends with. */
export function failWith(error: unknown): void {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = exitOf(error);
}

export function exitOf(error: unknown): number {
  if (error instanceof WrongState) return EXIT.wrongState;
  return error instanceof UsageError ? EXIT.usage : EXIT.failed;
}
