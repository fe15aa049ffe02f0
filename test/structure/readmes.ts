// What the README of a folder says of its files and of its neighbours, so that structure.test.ts
// can hold it against the tree. Knows no disk.

import { dirname, join } from "node:path/posix";
import { importsOf } from "./imports.ts";
import { roomOf, ROOMS, type SourceFile } from "./rules.ts";

/** A sentence may go over several lines, and names in backticks may have dots. */
const SENTENCE = "((?:`[^`]*`|[^.`]|\\.(?!\\s|$))*)\\.(?:\\s|$)";
const IMPORTED_BY = new RegExp(`Imported by:?${SENTENCE}`);
const MAY_IMPORT = new RegExp(`May import:${SENTENCE}`);

/** Room by room, the other rooms that import anything of it, be it a type. */
export function importersOf(files: readonly SourceFile[]): ReadonlyMap<string, Set<string>> {
  const importers = new Map<string, Set<string>>();
  for (const { path, text } of files) {
    for (const { specifier } of importsOf(path, text)) {
      if (!specifier.startsWith(".")) continue;
      const target = roomOf(join(dirname(path), specifier));
      if (target === roomOf(path)) continue;
      importers.set(target, (importers.get(target) ?? new Set()).add(roomOf(path)));
    }
  }
  return importers;
}

/** Seen from outside of `load`, its rooms are one. */
export function asSeenFrom(room: string, others: Iterable<string>): readonly string[] {
  const isOfLoad = room.startsWith("load/");
  return [
    ...new Set(
      Array.from(others, (other) => (isOfLoad ? other : other.replace(/^load\/.*/, "load"))),
    ),
  ].sort();
}

/** The rooms behind "Imported by"; undefined where a README does not say. */
export function importersIn(readme: string): readonly string[] | undefined {
  return roomsIn(IMPORTED_BY.exec(readme)?.[1]);
}

/** The rooms behind "May import:". */
export function importedIn(readme: string): readonly string[] | undefined {
  return roomsIn(MAY_IMPORT.exec(readme)?.[1]);
}

/** The rooms of which the rules let a room import something. */
export function importableBy(room: string): readonly string[] {
  const { uses, types = [] } = ROOMS[room]!;
  return [...new Set([...uses, ...types].map(roomNamed))].sort();
}

function roomsIn(sentence: string | undefined): readonly string[] | undefined {
  if (sentence === undefined) return undefined;
  const names = Array.from(sentence.matchAll(/`([^`]+)`/g), ([, name]) => roomNamed(name!));
  return [...new Set(names.filter((name) => name in ROOMS))].sort();
}

function roomNamed(name: string): string {
  return roomOf(name.endsWith(".ts") ? name : `${name}/`);
}

/** Everything in backticks, word by word, without `.ts`; `{a,b}` stands for both. */
export function filesNamedIn(readme: string): ReadonlySet<string> {
  const prose = readme.replace(/^```[\s\S]*?^```/gm, "");
  const spans = Array.from(prose.matchAll(/`([^`]+)`/g), ([, span]) => span!);
  const words = spans.flatMap((span) => span.split(/\s+/)).flatMap(withoutBraces);
  return new Set(words.map((word) => word.replace(/\.ts$/, "")));
}

function withoutBraces(word: string): readonly string[] {
  const [, before, inner, after] = /^([^{]*)\{([^}]*)\}(.*)$/.exec(word) ?? [];
  if (inner === undefined) return [word];
  return inner.split(",").map((each) => `${before}${each}${after}`);
}

export interface Link {
  /** From the page; empty for the page itself. */
  readonly path: string;
  /** A heading there; empty for all of it. */
  readonly anchor: string;
}

/** Where the links of a page lead, but for those to other sites. */
export function linksIn(page: string): readonly Link[] {
  return Array.from(page.matchAll(/\]\(([^)\s]+)\)/g), ([, target]) => target!)
    .filter((target) => !/^https?:/.test(target))
    .map((target) => {
      const [path = "", anchor = ""] = target.split("#");
      return { path, anchor };
    });
}

/** The headings of a page, as links name them. */
export function anchorsOf(page: string): readonly string[] {
  const prose = page.replace(/^```[\s\S]*?^```/gm, "");
  return Array.from(prose.matchAll(/^#+ (.*)$/gm), ([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\w\s-]/g, "")
      .replaceAll(" ", "-"),
  );
}
