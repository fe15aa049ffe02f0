// What `npm pack` makes, and so what users of the SDK install: everything that the client imports,
// with its types, the command, the licence; and nothing that only developers need.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path/posix";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { importsOf } from "../structure/imports.ts";

const TOP = fileURLToPath(new URL("../..", import.meta.url));

interface Packed {
  readonly files: readonly { readonly path: string }[];
}

function packedFiles(): ReadonlySet<string> {
  const args = ["pack", "--dry-run", "--json", "--ignore-scripts"];
  const listing = execFileSync("npm", args, { cwd: TOP, stdio: ["ignore", "pipe", "ignore"] });
  const [packed] = JSON.parse(listing.toString()) as [Packed];
  return new Set(packed.files.map(({ path }) => path));
}

/** The file and all of ours that it imports, be it a type. */
function closureOf(path: string, seen = new Set<string>()): ReadonlySet<string> {
  if (seen.has(path)) return seen;
  seen.add(path);
  for (const { specifier } of importsOf(path, readFileSync(join(TOP, path), "utf8"))) {
    if (specifier.startsWith(".")) closureOf(join(dirname(path), specifier), seen);
  }
  return seen;
}

describe("The package", () => {
  const packed = packedFiles();

  test("has the client with everything that it imports, and its types", () => {
    const sources = closureOf("src/client/client.ts");
    expect(sources.size).toBeGreaterThan(20);
    for (const source of sources) {
      const built = `dist/${source.replace(/\.ts$/, "")}`;
      expect(packed, source).toContain(`${built}.js`);
      expect(packed, source).toContain(`${built}.d.ts`);
    }
  });

  test("has what package.json leads to", () => {
    const { bin, exports } = JSON.parse(readFileSync(join(TOP, "package.json"), "utf8")) as {
      readonly bin: Readonly<Record<string, string>>;
      readonly exports: Readonly<Record<string, Readonly<Record<string, string>>>>;
    };
    const targets = [...Object.values(bin), ...Object.values(exports).flatMap(Object.values)];
    for (const target of targets) expect(packed).toContain(join(target as string));
    for (const page of ["LICENSE", "README.md", "CHANGELOG.md"]) expect(packed).toContain(page);
  });

  test("has nothing that only developers need", () => {
    const others = [...packed].filter(
      (path) => !/^dist\/(src|actors)\/.*(\.js|\.d\.ts)$/.test(path),
    );
    expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
  });
});
