import { appendFile, writeFile } from "node:fs/promises";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { LineTail } from "../../src/revocations/line-tail.ts";
import { LINE_BYTES_MAX } from "../../src/revocations/revocation.ts";
import { filePath } from "./revocations-file.ts";

describe("The lines of a file that grows", () => {
  test("come whole, in order, numbered and once, however it grows", async () => {
    const lines = fc.array(
      fc.oneof(
        fc.string({ maxLength: 20 }).map((text) => text.replaceAll("\n", "")),
        fc.constantFrom("", "x".repeat(LINE_BYTES_MAX), "é".repeat(LINE_BYTES_MAX / 2)),
        fc.constantFrom("x".repeat(LINE_BYTES_MAX + 1), "x".repeat(3 * LINE_BYTES_MAX)),
      ),
      { maxLength: 30 },
    );
    const steps = fc.array(fc.integer({ min: 1, max: 30_000 }), { minLength: 1, maxLength: 12 });
    const path = await filePath();
    await fc.assert(
      fc.asyncProperty(lines, steps, async (written, sizes) => {
        await writeFile(path, "");
        const tail = new LineTail(path);
        const told: (string | null)[] = [];
        const read = () =>
          tail.read({
            begins: () => expect(told).toEqual([]),
            line: (text, lineNo) => {
              told.push(text);
              expect(lineNo).toBe(told.length);
            },
          });
        let rest = Buffer.from(written.map((text) => `${text}\n`).join(""));
        for (let step = 0; rest.length > 0; step++) {
          const size = sizes[step % sizes.length]!;
          await appendFile(path, rest.subarray(0, size));
          rest = rest.subarray(size);
          expect(await read()).toMatchObject({ kind: "read", isRewritten: false });
        }
        expect(await read()).toEqual({ kind: "read", isRewritten: false, unfinishedBytes: 0 });
        const isKept = (text: string): boolean => Buffer.byteLength(text) <= LINE_BYTES_MAX;
        expect(told).toEqual(written.map((text) => (isKept(text) ? text : null)));
      }),
      { numRuns: 50 },
    );
  });
});
