// The rules of the house, applied to every source file. A rule that could not fail would be
// decoration, so each is shown to find its violation in a sample.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { importsOf } from "./structure/imports.ts";
import {
  asSeenFrom,
  filesNamedIn,
  importableBy,
  importedIn,
  importersIn,
  importersOf,
  anchorsOf,
  linksIn,
  type Link,
} from "./structure/readmes.ts";
import {
  DEVELOPERS_ROOMS,
  isWideComment,
  roomOf,
  ROOMS,
  VENDORS,
  violationsOf,
  type SourceFile,
} from "./structure/rules.ts";
import { unusedArrows } from "./structure/unused-arrows.ts";

const TOP = fileURLToPath(new URL("..", import.meta.url));
const CODE = ["src", "actors", "load"];
const README_LINES_MAX = 39;

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(TOP, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(TOP, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

const FILES: readonly SourceFile[] = CODE.flatMap(filesBelow)
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path, text: readFileSync(join(TOP, path), "utf8") }));

/** By folder. */
const READMES: ReadonlyMap<string, string> = new Map(
  CODE.flatMap(filesBelow)
    .filter((path) => path.endsWith("/README.md"))
    .map((path) => [dirname(path), readFileSync(join(TOP, path), "utf8")]),
);

/** The folder itself or the nearest one above it that has a README; undefined when none has. */
function describedIn(folder: string): string | undefined {
  if (READMES.has(folder)) return folder;
  return folder === "." ? undefined : describedIn(dirname(folder));
}

function readmeOf(room: string): string | undefined {
  return READMES.get(`src/${room}`) ?? READMES.get(room);
}

describe("The source tree", () => {
  test("is found at all", () => {
    expect(FILES.length).toBeGreaterThan(50);
    const rooms = new Set(FILES.map(({ path }) => roomOf(path)));
    for (const room of ["actors", "journal", "runtime", "gateway"]) expect(rooms).toContain(room);
  });

  test("every file keeps to the arrows, the vendors' rooms and the rules of the house", () => {
    expect(FILES.flatMap(violationsOf)).toEqual([]);
  });

  test("every arrow of the rules is gone by some file", () => {
    expect(unusedArrows(FILES)).toEqual([]);
  });

  test("every package that is imported is a dependency, and every dependency is imported", () => {
    const { dependencies, devDependencies } = JSON.parse(
      readFileSync(join(TOP, "package.json"), "utf8"),
    ) as Record<"dependencies" | "devDependencies", Record<string, string>>;
    const ofDevelopers = Object.keys(VENDORS).filter((name) =>
      VENDORS[name]!.every((place) => DEVELOPERS_ROOMS.includes(place)),
    );
    expect(Object.keys(devDependencies)).toEqual(expect.arrayContaining(ofDevelopers));
    const imported = FILES.flatMap(({ path, text }) => importsOf(path, text))
      .map(({ specifier }) => specifier)
      .filter((specifier) => !specifier.startsWith(".") && !specifier.startsWith("node:"));
    expect(imported).toEqual(expect.arrayContaining(ofDevelopers));
    const used = new Set(imported.filter((name) => !ofDevelopers.includes(name)));
    expect([...used].sort()).toEqual(Object.keys(dependencies).sort());
    expect(Object.keys(VENDORS)).toEqual(expect.arrayContaining(Object.keys(dependencies)));
  });

  test("every folder of source opens with a README of under 40 lines", () => {
    const folders = new Set(FILES.map(({ path }) => path.split("/").slice(0, 2).join("/")));
    const rooms = [...folders].filter((folder) => !folder.endsWith(".ts"));
    const tops = new Set(
      rooms.flatMap((room) => {
        if (room.startsWith("src/")) return [room];
        return room.startsWith("load/") ? ["load", room] : [dirname(room)];
      }),
    );
    for (const folder of tops) expect(READMES.has(folder), `${folder}/README.md`).toBe(true);
    for (const [folder, readme] of READMES) {
      const lines = readme.trimEnd().split("\n").length;
      expect(lines, `lines of ${folder}/README.md`).toBeLessThanOrEqual(README_LINES_MAX);
    }
  });

  test("comments of tests end where those of sources do", () => {
    const wide = filesBelow("test")
      .filter((path) => path.endsWith(".ts"))
      .flatMap((path) =>
        readFileSync(join(TOP, path), "utf8")
          .split("\n")
          .flatMap((line, index) => (isWideComment(line) ? [`${path}:${index + 1}`] : [])),
      );
    expect(wide).toEqual([]);
  });

  test("no other folder has code", () => {
    const tops = readdirSync(TOP, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => name)
      .filter((name) => !["node_modules", "dist", "data", "coverage"].includes(name));
    expect(tops.sort()).toEqual(["actors", "deploy", "load", "src", "test"]);
  });
});

function leadsSomewhere(page: string, { path, anchor }: Link): boolean {
  const target = path === "" ? join(TOP, page) : join(TOP, dirname(page), path);
  if (!existsSync(target)) return false;
  return anchor === "" || anchorsOf(readFileSync(target, "utf8")).includes(anchor);
}

describe("The READMEs of folders", () => {
  test("name every source file: by its path from there, without .ts if you like", () => {
    const unnamed = FILES.filter(({ path }) => {
      const folder = describedIn(dirname(path));
      if (folder === undefined) return false;
      const name = relative(folder, path).replaceAll("\\", "/").replace(/\.ts$/, "");
      return !filesNamedIn(READMES.get(folder)!).has(name);
    });
    expect(unnamed.map(({ path }) => path)).toEqual([]);
  });

  test("lead to the READMEs of the folders within", () => {
    const inner = [...READMES.keys()].flatMap((folder) => {
      const outer = describedIn(dirname(folder));
      return outer === undefined ? [] : [[outer, relative(outer, folder)] as const];
    });
    expect(inner.length).toBeGreaterThan(10);
    const missing = inner.filter(
      ([outer, folder]) =>
        !linksIn(READMES.get(outer)!).some(({ path }) => path === `${folder}/README.md`),
    );
    expect(missing).toEqual([]);
  });

  test("say truly who imports their room, where they say it", () => {
    const importers = importersOf(FILES);
    const told = Object.keys(ROOMS).flatMap((room) => {
      const rooms = importersIn(readmeOf(room) ?? "");
      return rooms === undefined ? [] : [[room, rooms] as const];
    });
    expect(told.length).toBeGreaterThan(15);
    const real = told.map(([room]) => [room, asSeenFrom(room, importers.get(room) ?? [])]);
    expect(told).toEqual(real);
  });

  test("say what their room may import, as the rules do", () => {
    const rooms = Object.keys(ROOMS).filter((room) => readmeOf(room) !== undefined);
    const told = rooms.map((room) => [room, importedIn(readmeOf(room)!)]);
    expect(told).toEqual(rooms.map((room) => [room, importableBy(room)]));
  });

  test("link to what exists, and so do the other pages", () => {
    const pages = [...CODE, "deploy", "test"].flatMap(filesBelow);
    const broken = ["README.md", "CHANGELOG.md", ...pages]
      .filter((path) => path.endsWith(".md"))
      .flatMap((path) =>
        linksIn(readFileSync(join(TOP, path), "utf8"))
          .filter((link) => !leadsSomewhere(path, link))
          .map((link) => `${path}: ${link.path}#${link.anchor}`),
      );
    expect(broken).toEqual([]);
  });
});

function found(path: string, text: string): readonly string[] {
  return violationsOf({ path, text: `// What it is for.\n${text}` });
}

describe("The readers of READMEs", () => {
  test("find what is named in backticks, and nothing in prose or blocks", () => {
    const named = filesNamedIn(
      "`a.ts`, `b c` and `d-{e,f}.ts` and `in/g`; h\n```\n`i`\n```\n`j.k`",
    );
    expect([...named]).toEqual(["a", "b", "c", "d-e", "d-f", "in/g", "j.k"]);
  });

  test("find who imports and what may be imported, up to the end of the sentence", () => {
    const readme =
      "May import: `money`,\n`actors/address.ts`; ws. Imported by: `cli` (`a.ts`), `main`. `ops`.";
    expect(importedIn(readme)).toEqual(["actors", "money"]);
    expect(importersIn(readme)).toEqual(["cli", "main"]);
    expect(importersIn("Imported everywhere.")).toBeUndefined();
    expect(asSeenFrom("money", ["main", "load/run", "load/bench"])).toEqual(["load", "main"]);
    expect(asSeenFrom("load/run", ["load/bench"])).toEqual(["load/bench"]);
  });

  test("find who imports what, types and dynamic imports included", () => {
    const importers = importersOf([
      { path: "src/cli/serve.ts", text: 'const main = await import("../main.ts");' },
      { path: "src/gateway/intake.ts", text: 'import type { Runtime } from "../runtime/port.ts";' },
      { path: "src/gateway/seats.ts", text: 'import { Intake } from "./intake.ts";' },
    ]);
    expect([...importers].map(([room, by]) => [room, ...by])).toEqual([
      ["main", "cli"],
      ["runtime", "gateway"],
    ]);
  });

  test("find links that stay in the repository", () => {
    const page = "[a](b/c.md#d) [e](#f) [g](https://h.example) [i](../j.ts)";
    expect(linksIn(page)).toEqual([
      { path: "b/c.md", anchor: "d" },
      { path: "", anchor: "f" },
      { path: "../j.ts", anchor: "" },
    ]);
  });

  test("find the headings that links name", () => {
    const page = "# One bid, from here\n\n```\n# no heading\n```\n### account.get\n";
    expect(anchorsOf(page)).toEqual(["one-bid-from-here", "accountget"]);
  });
});

describe("The checker", () => {
  test.each([
    ["actors/loan/decide.ts", 'import { assert } from "../../src/money/assert.ts";'],
    ["src/protocol/plans.ts", 'import type { Refusal } from "../../actors/refusals.ts";'],
    ["src/protocol/plans.ts", 'import { isId } from "../../actors/address.ts";'],
    ["src/journal/link.ts", 'import { Redis } from "ioredis";'],
    ["src/gateway/gateway.ts", 'import type { Runtime } from "../runtime/port.ts";'],
    ["src/cli/serve.ts", 'const main = await import("../main.ts");'],
    ["src/journal/link.ts", 'import { join } from "node:path";'],
    ["load/bench/echo-server.ts", 'import * as uWS from "uWebSockets.js";'],
  ])("%s may have %s", (path, text) => {
    expect(found(path, text)).toEqual([]);
  });

  test.each([
    ["actors/loan/decide.ts", 'import { Shard } from "../../src/runtime/shard.ts";'],
    ["actors/loan/decide.ts", 'import type { Shard } from "../../src/runtime/shard.ts";'],
    ["actors/decider.ts", 'export type S = import("../src/runtime/shard.ts").Shard;'],
    ["actors/loan/decide.ts", 'import { randomUUID } from "node:crypto";'],
    ["src/money/cents.ts", 'import { x } from "../ledger/chart.ts";'],
    ["src/protocol/plans.ts", 'import { decide } from "../../actors/loan/decide.ts";'],
    ["src/protocol/plans.ts", 'import { type A, decide } from "../../actors/loan/decide.ts";'],
    ["src/journal/link.ts", 'import { Shard } from "../runtime/shard.ts";'],
    ["src/journal/link.ts", 'export { Shard } from "../runtime/shard.ts";'],
    ["src/journal/link.ts", 'import "../runtime/shard.ts";'],
    ["src/journal/link.ts", 'const { Shard } = await import("../runtime/shard.ts");'],
    ["src/runtime/shard.ts", 'import { Gateway } from "../gateway/gateway.ts";'],
    ["src/gateway/gateway.ts", 'import { System } from "../runtime/system.ts";'],
    ["src/gateway/gateway.ts", 'import { Redis } from "ioredis";'],
    ["src/gateway/gateway.ts", 'import { loadConfig } from "../config.ts";'],
    ["src/ops/log.ts", 'import type { Shard } from "../runtime/shard.ts";'],
    ["src/client/client.ts", 'import { connect } from "node:net";'],
    ["src/history/audit.ts", 'import { startServer } from "../main.ts";'],
    ["load/bench/burst.ts", 'import { startServer } from "../../src/main.ts";'],
    ["load/driver/latency.ts", 'import { runBurst } from "../bench/burst.ts";'],
    ["src/runtime/shard.ts", 'import { left } from "left-pad";'],
    ["src/runtime/shard.ts", 'import { cell } from "./cell.js";'],
    ["src/protocol/plans.ts", 'import { readFile } from "node:fs/promises";'],
    ["src/protocol/plans.ts", 'import { writeDocs } from "./write-docs.ts";'],
    ["src/kitchen/sink.ts", ""],
  ])("%s may not have %s", (path, text) => {
    expect(found(path, text)).toEqual([expect.stringMatching(new RegExp(`^${path}:[12]: .{10,}`))]);
  });

  test.each([
    ["const at = Date.now();"],
    ["const luck = Math.random();"],
    ["const home = process.env.HOME;"],
    ["setTimeout(() => undefined, 1);"],
    ["async function later() {}"],
    ["console.log(1);"],
  ])("an actor may not have %s, but a comment may name it", (code) => {
    expect(found("actors/loan/decide.ts", code)).toEqual([
      expect.stringMatching(/^actors\/loan\/decide\.ts:2: actors are pure/),
    ]);
    expect(found("actors/loan/decide.ts", `// ${code}\n/* ${code} */`)).toEqual([]);
    expect(found("src/runtime/shard.ts", code)).toEqual([]);
  });

  test.each([
    ["src/money/index.ts", "", "no index files"],
    ["src/money/utils.ts", "", "no utils.ts"],
    ["src/money/date-helper.ts", "", "no date-helper.ts"],
    ["src/utils/cents.ts", "", "no cents.ts"],
    ["src/money/bigCents.ts", "", "kebab case"],
    ["src/money/cents.ts", "// TODO: round", "unfinished work"],
    ["src/money/cents.ts", 'export * from "./rates.ts";', "no barrels"],
    ["src/money/cents.ts", `/** ${"cents and ".repeat(10)}. */`, "column 100"],
    ["src/money/cents.ts", `  // ${"cents and ".repeat(10)}.`, "column 100"],
    ["src/money/cents.ts", "\n".repeat(350) + "1;", "too many"],
  ])("%s with %j is refused", (path, text, complaint) => {
    expect(found(path, text).join("\n")).toContain(complaint);
  });

  test("a file without an opening comment is refused", () => {
    expect(violationsOf({ path: "src/money/cents.ts", text: "export const a = 1;\n" })).toEqual([
      "src/money/cents.ts:1: opens with a comment on what it is for",
    ]);
  });

  test("the rooms' rules name only rooms and files that can exist", () => {
    for (const { uses, types = [] } of Object.values(ROOMS)) {
      for (const place of [...uses, ...types]) {
        expect(place in ROOMS || FILES.some(({ path }) => path === place), place).toBe(true);
      }
    }
  });

  test("finds arrows that no file goes, and those that only types go", () => {
    const text = [
      'import { assert } from "../money/assert.ts";',
      'import type { Day } from "../time/units.ts";',
      'import { Decimal } from "decimal.js";',
    ].join("\n");
    const unused = unusedArrows([{ path: "src/lending/xirr.ts", text }]);
    expect(unused.filter((arrow) => arrow.startsWith("lending "))).toEqual([
      "lending -> time: only for types",
    ]);
    expect(unused).toContain("protocol -> types of actors");
    expect(unused).toContain("cli -> package commander");
  });

  test("the arrows have no cycle", () => {
    const visiting: string[] = [];
    const visit = (room: string): void => {
      expect(visiting, `${[...visiting, room].join(" -> ")}`).not.toContain(room);
      visiting.push(room);
      for (const place of ROOMS[room]!.uses) if (place in ROOMS) visit(place);
      visiting.pop();
    };
    Object.keys(ROOMS).forEach(visit);
  });
});
