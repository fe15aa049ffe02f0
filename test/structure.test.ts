// The rules of the house, applied to every source file. A rule that could not fail would be
// decoration, so each is shown to find its violation in a sample.

import { existsSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { importsOf } from "./structure/imports.ts";
import {
  DEVELOPERS_ROOMS,
  roomOf,
  ROOMS,
  VENDORS,
  violationsOf,
  type SourceFile,
} from "./structure/rules.ts";
import { unusedArrows } from "./structure/unused-arrows.ts";

const TOP = fileURLToPath(new URL("..", import.meta.url));
const README_LINES_MAX = 39;

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(TOP, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(TOP, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .sort();
}

const FILES: readonly SourceFile[] = ["src", "actors", "load"]
  .flatMap(filesBelow)
  .filter((path) => path.endsWith(".ts"))
  .map((path) => ({ path, text: readFileSync(join(TOP, path), "utf8") }));

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
    for (const folder of tops) {
      const path = join(TOP, folder, "README.md");
      expect(existsSync(path), `${folder}/README.md`).toBe(true);
      const lines = readFileSync(path, "utf8").trimEnd().split("\n").length;
      expect(lines, `lines of ${folder}/README.md`).toBeLessThanOrEqual(README_LINES_MAX);
    }
  });

  test("no other folder has code", () => {
    const tops = readdirSync(TOP, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && !entry.name.startsWith("."))
      .map(({ name }) => name)
      .filter((name) => !["node_modules", "dist", "data", "coverage"].includes(name));
    expect(tops.sort()).toEqual(["actors", "deploy", "load", "src", "test"]);
  });
});

function found(path: string, text: string): readonly string[] {
  return violationsOf({ path, text: `// What it is for.\n${text}` });
}

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
