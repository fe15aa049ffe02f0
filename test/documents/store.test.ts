import { execFileSync } from "node:child_process";
import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { KeyRing } from "../../src/documents/key-ring.ts";
import { FRAME_BYTES, type Label } from "../../src/documents/sealed-format.ts";
import type { Standing } from "../../src/documents/store.ts";
import {
  bytesOf,
  filesIn,
  KEY,
  keepIn,
  openStore,
  readBack,
  sealInto,
  tempFolder,
} from "./store-folder.ts";

const NEWER_KEY = Buffer.alloc(32, 8);

describe("The store of documents", () => {
  test("keeps what was written in pieces of any size", async () => {
    const folder = await tempFolder();
    const store = await openStore({ folder });
    const bytes = bytesOf(3 * FRAME_BYTES + 5);
    const incoming = await store.begin("loan-1", bytes.length);
    for (let at = 0, step = 1; at < bytes.length; at += step, step = (step * 7) % 50_021) {
      step = Math.max(1, step);
      await incoming.write(bytes.subarray(at, Math.min(bytes.length, at + step)));
      expect(incoming.sizeBytes).toBe(Math.min(bytes.length, at + step));
    }
    const label = await incoming.seal();
    expect(incoming.sha256()).toBe(label.sha256);
    await incoming.keep();
    expect(await readBack(store, label)).toEqual(bytes);
    expect(await filesIn(folder)).toEqual([expect.stringMatching(/^kept\/(..)\/\1[0-9a-f]{30}$/)]);
  });

  test("is for its owner only", async () => {
    const folder = await tempFolder();
    const store = await openStore({ folder });
    await keepIn(store, "loan-1", bytesOf(10));
    for (const name of await readdir(folder, { recursive: true })) {
      const { mode } = await stat(join(folder, name));
      expect(mode & 0o077, name).toBe(0);
    }
  });

  test("finds a document from the moment that it is durable, before its move and after", async () => {
    const store = await openStore();
    const { incoming, label } = await sealInto(store, "loan-1", bytesOf(100));
    expect(await readBack(store, label)).toHaveLength(100);
    await incoming.keep();
    expect(await readBack(store, label)).toHaveLength(100);
  });

  test("a discarded one leaves nothing, half written or whole", async () => {
    const folder = await tempFolder();
    const store = await openStore({ folder });
    const half = await store.begin("loan-1", 1_000_000);
    await half.write(bytesOf(3 * FRAME_BYTES));
    await half.discard();
    const { incoming, label } = await sealInto(store, "loan-1", bytesOf(5));
    await incoming.discard();
    await incoming.discard();
    expect(await filesIn(folder)).toEqual([]);
    expect(store.counters).toMatchObject({ incoming: 0, discarded: 2 });
    await expect(store.find(label)).rejects.toMatchObject({ code: "missing" });
  });

  test("discarding a second upload of the same bytes does not touch the first", async () => {
    const store = await openStore();
    const bytes = bytesOf(1_000);
    const first = await sealInto(store, "loan-1", bytes);
    const second = await sealInto(store, "loan-1", bytes);
    await Promise.all([second.incoming.discard(), first.incoming.keep()]);
    expect(await readBack(store, first.label)).toEqual(bytes);
  });

  test("gives no document for another's: not for another loan, hash or size", async () => {
    const folder = await tempFolder();
    const store = await openStore({ folder });
    const mine = await keepIn(store, "loan-1", bytesOf(100));
    const theirs = await keepIn(store, "loan-2", bytesOf(100));
    await expect(store.find({ ...mine, loanId: "loan-2" })).rejects.toMatchObject({
      code: "missing",
    });
    await expect(store.find({ ...mine, sizeBytes: 99 })).rejects.toMatchObject({ code: "damaged" });
    const [a, b] = await filesIn(folder);
    await rename(join(folder, a!), join(folder, "aside"));
    await rename(join(folder, b!), join(folder, a!));
    await rename(join(folder, "aside"), join(folder, b!));
    for (const label of [mine, theirs]) {
      await expect(store.find(label)).rejects.toMatchObject({ code: "damaged" });
    }
    expect(store.counters.unreadable).toBe(4);
  });
});

describe("Keys of documents", () => {
  test("a new one takes over, and the old one still opens what it sealed", async () => {
    const folder = await tempFolder();
    const before = await openStore({ folder });
    const old = await keepIn(before, "loan-1", bytesOf(70_000));
    const after = await openStore({ folder, ring: new KeyRing([NEWER_KEY, KEY]) });
    const fresh = await keepIn(after, "loan-1", bytesOf(70_000));
    for (const label of [old, fresh]) expect(await readBack(after, label)).toHaveLength(70_000);
    const without = await openStore({ folder, ring: new KeyRing([NEWER_KEY]) });
    expect(await readBack(without, fresh)).toHaveLength(70_000);
    await expect(without.find(old)).rejects.toMatchObject({ code: "missing" });
  });

  test("a name under the right key with content under an unknown one says so", async () => {
    const folder = await tempFolder();
    const store = await openStore({ folder });
    const label = await keepIn(store, "loan-1", bytesOf(10));
    const [name] = await filesIn(folder);
    const other = await tempFolder();
    const foreign = await openStore({ folder: other, ring: new KeyRing([NEWER_KEY]) });
    await keepIn(foreign, "loan-1", bytesOf(10));
    const [foreignName] = await filesIn(other);
    await writeFile(join(folder, name!), await readFile(join(other, foreignName!)));
    await expect(store.find(label)).rejects.toMatchObject({ code: "key_unknown" });
  });

  test("the same key twice counts once, too many or too short are refused", () => {
    expect(new KeyRing([KEY, Buffer.from(KEY)]).namesOf("a", "b")).toHaveLength(1);
    const many = Array.from({ length: 9 }, (_, n) => Buffer.alloc(32, n));
    expect(() => new KeyRing(many)).toThrow();
    expect(() => new KeyRing([])).toThrow();
    expect(() => new KeyRing([Buffer.alloc(31)])).toThrow();
  });
});

describe("What a crash leaves behind", () => {
  test("half written ones are removed at the start", async () => {
    const folder = await tempFolder();
    const store = await openStore({ folder });
    const incoming = await store.begin("loan-1", 200_000);
    await incoming.write(bytesOf(200_000));
    const next = await openStore({ folder });
    await next.clearLeftovers();
    expect(await filesIn(folder)).toEqual([]);
    expect(next.counters.leftovers).toBe(1);
    await incoming.discard();
  });

  test("whole ones are kept, removed or left by what the journal says", async () => {
    const folder = await tempFolder();
    const store = await openStore({ folder });
    const labels: Label[] = [];
    for (const loanId of ["attached", "absent", "unknown"]) {
      labels.push((await sealInto(store, loanId, bytesOf(50))).label);
    }
    const next = await openStore({ folder });
    const asked: Label[] = [];
    const standingOf = (label: Label): Promise<Standing> => {
      asked.push(label);
      return Promise.resolve(label.loanId as Standing);
    };
    expect(await next.sweep(standingOf)).toEqual({ found: 1, orphans: 1, undecided: 1 });
    expect(asked).toEqual(expect.arrayContaining(labels));
    expect((await filesIn(folder)).map((path) => path.split("/")[0])).toEqual(["kept", "pending"]);
    expect(await readBack(next, labels[0]!)).toHaveLength(50);
    await expect(next.find(labels[1]!)).rejects.toMatchObject({ code: "missing" });
    expect(await readBack(next, labels[2]!)).toHaveLength(50);
    expect(next.counters).toMatchObject({ found: 1, orphans: 1, undecided: 1 });
    expect(await next.sweep(() => Promise.resolve("absent"))).toEqual({
      found: 0,
      orphans: 1,
      undecided: 0,
    });
    expect(next.counters.undecided).toBe(0);
  });

  test("a sweep never touches what is on its way, nor asks about it", async () => {
    const store = await openStore();
    const { incoming, label } = await sealInto(store, "loan-1", bytesOf(50));
    let asked = 0;
    const absent = (): Promise<Standing> => Promise.resolve((asked++, "absent"));
    await store.sweep(absent);
    expect(asked).toBe(0);
    expect(await readBack(store, label)).toHaveLength(50);
    await incoming.leave();
    await store.sweep(absent);
    expect(asked).toBe(1);
    await expect(store.find(label)).rejects.toMatchObject({ code: "missing" });
  });

  test("a sweep leaves what it cannot read, and a second copy does not replace the first", async () => {
    const folder = await tempFolder();
    const store = await openStore({ folder });
    const bytes = bytesOf(50);
    const label = await keepIn(store, "loan-1", bytes);
    await (await sealInto(store, "loan-1", bytes)).incoming.leave();
    await writeFile(join(folder, "pending", "torn.1"), "no document");
    const attached = (): Promise<Standing> => Promise.resolve("attached");
    expect(await store.sweep(attached)).toEqual({ found: 1, orphans: 0, undecided: 1 });
    expect((await filesIn(folder)).at(-1)).toBe("pending/torn.1");
    expect(await readBack(store, label)).toEqual(bytes);
  });
});

/** A disk of 4 MiB; null where the machine does not allow one. */
async function smallDisk(): Promise<string | null> {
  const folder = await tempFolder();
  const disk = join(folder, "disk");
  await mkdir(disk);
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=4m,mode=0700", "tmpfs", disk], {
      stdio: "ignore",
    });
  } catch {
    return null;
  }
  onTestFinished(() => void execFileSync("umount", ["-l", disk]));
  return disk;
}

describe("A full disk", () => {
  test("is an error of that upload alone; what was there stays, and space that returns is used", async (context) => {
    const disk = await smallDisk();
    if (disk === null) return context.skip("no small disk on this machine");
    const folder = join(disk, "documents");
    await mkdir(folder);
    const store = await openStore({ folder });
    const label = await keepIn(store, "loan-1", bytesOf(1_000_000));
    // The space was there when it began, and is gone when it is needed.
    const ballast = join(disk, "ballast");
    const late = await store.begin("loan-1", 2_500_000);
    await writeFile(ballast, bytesOf(2_000_000));
    await expect(late.write(bytesOf(2_500_000))).rejects.toMatchObject({ code: "store_full" });
    await late.discard();
    expect((await filesIn(folder)).length).toBe(1);
    expect(await readBack(store, label)).toHaveLength(1_000_000);
    await rm(ballast);
    const again = await keepIn(store, "loan-1", bytesOf(2_000_000));
    expect(await readBack(store, again)).toHaveLength(2_000_000);
  });

  test("is not reached: what must stay free stays free, counted with all on their way", async (context) => {
    const disk = await smallDisk();
    if (disk === null) return context.skip("no small disk on this machine");
    const store = await openStore({ folder: disk, freeBytesMin: 1_500_000 });
    const first = await store.begin("loan-1", 2_000_000);
    await expect(store.begin("loan-1", 1_000_000)).rejects.toMatchObject({ code: "store_full" });
    await first.discard();
    await (await store.begin("loan-1", 2_000_000)).discard();
    await expect(store.begin("loan-1", 3_000_000)).rejects.toMatchObject({ code: "store_full" });
    expect(store.counters.incoming).toBe(0);
  });
});
