// The SDK runs in browsers: nothing that it loads may be of Node.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, expect, test, vi } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** Files that a bundle of the client would have, with what each imports. Types leave no trace. */
function graphFrom(entry: string): Map<string, string[]> {
  const graph = new Map<string, string[]>();
  const open = [resolve(root, entry)];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (graph.has(file)) continue;
    const text = readFileSync(file, "utf8");
    const statements = text.matchAll(
      /^(?:import|export)\s+(?!type\b)[^;]*?from\s+"([^"]+)"|\bimport\("([^"]+)"\)/gm,
    );
    const imports = [...statements].map(([, fixed, late]) => (fixed ?? late)!);
    graph.set(file, imports);
    for (const one of imports) {
      if (one.startsWith(".")) open.push(resolve(dirname(file), one));
    }
  }
  return graph;
}

afterEach(() => {
  vi.unstubAllGlobals();
  vi.resetModules();
});

test("The client imports nothing of Node, and only ws from elsewhere", () => {
  const graph = graphFrom("src/client/client.ts");
  expect(graph.size).toBeGreaterThan(15);
  const outside = [...graph.values()].flat().filter((one) => !one.startsWith("."));
  expect(outside).toEqual(["ws"]);
  const rooms = new Set([...graph.keys()].map((file) => file.slice(root.length).split("/")[1]));
  expect([...rooms].toSorted()).toEqual(["address.ts", "client", "hash", "money", "protocol"]);
});

test("The codec of the client works where there is no Buffer", async () => {
  vi.resetModules();
  vi.stubGlobal("Buffer", undefined);
  const { ENCODINGS } = await import("../../src/client/encoding.ts");
  const frames = Object.values(ENCODINGS).map((encoding) =>
    encoding.encode("session.authenticate", 2 ** 32 - 1, { token: "x".repeat(300) }),
  );
  const { MsgpackWriter } = await import("../../src/protocol/msgpack-writer.ts");
  const writer = new MsgpackWriter(4);
  writer.int(2 ** 40);
  writer.str("ü".repeat(40));
  const written = writer.view();
  vi.unstubAllGlobals();
  expect(frames[0]).toBeInstanceOf(Uint8Array);
  expect(Buffer.isBuffer(frames[0])).toBe(false);
  expect(Buffer.isBuffer(written)).toBe(false);
  expect(written.length).toBe(9 + 5 + 80);
});
