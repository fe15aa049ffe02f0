import { chmod, mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { KeyFileError, loadKeys } from "../../src/custodian/key-file.ts";

const HEX = "0f".repeat(32);
let path: string;

beforeEach(async () => {
  const folder = await mkdtemp(join(tmpdir(), "ll-keys-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  path = join(folder, "data", "custodian.key");
});

describe("The file of keys", () => {
  test("is made once, for its owner only, with the same key for all who start together", async () => {
    const loaded = await Promise.all(Array.from({ length: 20 }, () => loadKeys(path)));
    const kept = (await readFile(path, "utf8")).trim();
    expect(kept).toMatch(/^[0-9a-f]{64}$/);
    for (const keys of loaded)
      expect(keys.map((key) => Buffer.from(key).toString("hex"))).toEqual([kept]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await readdir(join(path, ".."))).toEqual(["custodian.key"]);
  });

  test("may hold several keys, the current one first", async () => {
    await loadKeys(path);
    await writeFile(path, `${HEX}\n${"00".repeat(32)}\n`);
    const [current, old] = await loadKeys(path);
    expect(Buffer.from(current!).toString("hex")).toBe(HEX);
    expect(old).toEqual(new Uint8Array(32));
  });

  test.each([
    ["", /64 hexadecimal/],
    [HEX.slice(1), /64 hexadecimal/],
    [`${HEX}\n${HEX.toUpperCase()}`, /64 hexadecimal/],
    [`${HEX}\n`.repeat(5), /1 to 4 lines/],
  ])("with %j in it is refused and not replaced, and not shown", async (text, says) => {
    await loadKeys(path);
    await writeFile(path, text);
    const error = await loadKeys(path).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(KeyFileError);
    expect((error as Error).message).toMatch(says);
    expect((error as Error).message).not.toContain(HEX.slice(1));
    expect(await readFile(path, "utf8")).toBe(text);
  });

  test("that others can read is refused", async () => {
    await loadKeys(path);
    await chmod(path, 0o640);
    await expect(loadKeys(path)).rejects.toThrow(/chmod 600/);
  });
});
