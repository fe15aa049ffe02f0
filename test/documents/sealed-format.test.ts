import fc from "fast-check";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { KeyRing } from "../../src/documents/key-ring.ts";
import {
  fileBytesOf,
  FRAME_BYTES,
  frameOffset,
  framesOf,
  HEADER_BYTES,
  LABEL_BYTES,
  sizeInFile,
  TAG_BYTES,
} from "../../src/documents/sealed-format.ts";
import { SealedReader } from "../../src/documents/sealed-reader.ts";
import {
  bytesOf,
  contentOf,
  filesIn,
  KEY,
  keepIn,
  openStore,
  sha256Of,
  tempFolder,
} from "./store-folder.ts";

const RING = new KeyRing([KEY]);
const SEALED_FRAME_BYTES = FRAME_BYTES + TAG_BYTES;

/** The file of a document, and where changed copies of it may be put. */
async function sealed(bytes: Uint8Array) {
  const folder = await tempFolder();
  const store = await openStore({ folder });
  const label = await keepIn(store, "loan-1", bytes);
  const [name] = await filesIn(folder);
  const file = await readFile(join(folder, name!));
  const copy = join(folder, "copy");
  /** What reading a changed copy comes to: the content, or the code of the failure. */
  const outcomeOf = async (changed: Uint8Array): Promise<Buffer | string> => {
    await writeFile(copy, changed);
    try {
      const reader = await SealedReader.open(copy, RING);
      try {
        return await contentOf(reader);
      } finally {
        await reader.close();
      }
    } catch (fault) {
      return (fault as { code: string }).code;
    }
  };
  return { file, label, outcomeOf };
}

describe("A sealed document", () => {
  test.each([
    ["nothing", 0],
    ["one byte", 1],
    ["a frame less one", FRAME_BYTES - 1],
    ["a frame", FRAME_BYTES],
    ["a frame and one", FRAME_BYTES + 1],
    ["three frames", 3 * FRAME_BYTES],
    ["three and a bit", 3 * FRAME_BYTES + 17],
  ])("of %s comes back as it was, in a file of the length that the format says", async (_, n) => {
    const bytes = bytesOf(n);
    const { file, label, outcomeOf } = await sealed(bytes);
    expect(label).toEqual({ loanId: "loan-1", sha256: sha256Of(bytes), sizeBytes: n });
    expect(await outcomeOf(file)).toEqual(bytes);
    expect(file.length).toBe(fileBytesOf(n));
  });

  test("shows nothing of what is in it, and twice the same bytes make two different files", async () => {
    const bytes = Buffer.from("a secret sentence ".repeat(10_000));
    const [one, two] = [await sealed(bytes), await sealed(bytes)];
    expect(one.file.includes("secret")).toBe(false);
    expect(one.file.includes("loan-1")).toBe(false);
    expect(one.file.includes(Buffer.from(one.label.sha256, "hex"))).toBe(false);
    expect(one.file.subarray(16).equals(two.file.subarray(16))).toBe(false);
  });

  test("with any byte changed in any way fails", async () => {
    const { file, outcomeOf } = await sealed(bytesOf(2 * FRAME_BYTES + 100));
    const place = fc.oneof(
      fc.nat(file.length - 1),
      fc.nat(HEADER_BYTES - 1),
      fc.integer({ min: file.length - LABEL_BYTES, max: file.length - 1 }),
    );
    const law = fc.asyncProperty(place, fc.integer({ min: 1, max: 255 }), async (at, flip) => {
      const changed = Buffer.from(file);
      changed[at]! ^= flip;
      expect(await outcomeOf(changed)).toMatch(/^(damaged|key_unknown)$/);
    });
    await fc.assert(law, { numRuns: 400 });
  });

  test("with every single byte of header and label changed fails", async () => {
    const { file, outcomeOf } = await sealed(bytesOf(40));
    for (let at = 0; at < file.length; at++) {
      const changed = Buffer.from(file);
      changed[at]! ^= 0x40;
      expect(await outcomeOf(changed), `byte ${at}`).toMatch(/^(damaged|key_unknown)$/);
    }
  });

  test("cut anywhere, or with anything behind it, fails", async () => {
    const { file, outcomeOf } = await sealed(bytesOf(2 * FRAME_BYTES + 100));
    const cut = fc.asyncProperty(fc.nat(file.length - 1), async (length) => {
      expect(await outcomeOf(file.subarray(0, length))).toBe("damaged");
    });
    await fc.assert(cut, { numRuns: 200 });
    const longer = fc.asyncProperty(
      fc.uint8Array({ minLength: 1, maxLength: 300 }),
      async (more) => {
        expect(await outcomeOf(Buffer.concat([file, more]))).toBe("damaged");
      },
    );
    await fc.assert(longer, { numRuns: 50 });
  });

  test("with whole frames swapped, dropped, doubled or ending early fails", async () => {
    const { file, outcomeOf } = await sealed(bytesOf(4 * FRAME_BYTES));
    const header = file.subarray(0, HEADER_BYTES);
    const label = file.subarray(file.length - LABEL_BYTES);
    const frames = [0, 1, 2, 3].map((n) =>
      file.subarray(frameOffset(n), frameOffset(n) + SEALED_FRAME_BYTES),
    );
    const build = (order: readonly number[]) =>
      outcomeOf(Buffer.concat([header, ...order.map((n) => frames[n]!), label]));
    expect(await build([0, 1, 2, 3])).toHaveLength(4 * FRAME_BYTES);
    const orders = fc
      .array(fc.nat(3), { minLength: 0, maxLength: 6 })
      .filter((order) => order.join() !== "0,1,2,3");
    await fc.assert(
      fc.asyncProperty(orders, async (order) => {
        expect(await build(order)).toBe("damaged");
      }),
      { numRuns: 200 },
    );
  });

  test("with the header, a frame or the label of another one fails", async () => {
    const [one, two] = [await sealed(bytesOf(FRAME_BYTES)), await sealed(bytesOf(FRAME_BYTES))];
    const bounds = [0, HEADER_BYTES, frameOffset(1), fileBytesOf(FRAME_BYTES)] as const;
    for (const part of [0, 1, 2] as const) {
      const mixed = Buffer.from(one.file);
      two.file.copy(mixed, bounds[part], bounds[part], bounds[part + 1]);
      expect(await one.outcomeOf(mixed)).toBe("damaged");
    }
  });

  test("the length of a file says the size of the document, and most lengths are of none", () => {
    fc.assert(
      fc.property(fc.nat(30 * FRAME_BYTES), (size) => {
        expect(sizeInFile(fileBytesOf(size))).toBe(size);
      }),
    );
    fc.assert(
      fc.property(fc.nat(30 * FRAME_BYTES), (length) => {
        const size = sizeInFile(length);
        if (size !== null) expect(fileBytesOf(size)).toBe(length);
      }),
    );
    expect(sizeInFile(0)).toBeNull();
    expect(framesOf(0)).toBe(1);
  });
});
