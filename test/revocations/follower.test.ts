import { mkdir, rename, rm, truncate, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { appendRevocation } from "../../src/revocations/append.ts";
import { RevocationFileError } from "../../src/revocations/file-error.ts";
import {
  filePath,
  FollowedFile,
  lineOf,
  NOW_MS,
  subjectRevoked,
  tokenRevoked,
} from "./revocations-file.ts";

const HEALTHY = { unreadable: 0, rewritten: 0, malformed: 0, unfinished: 0, full: 0 };
const DAY_MS = 86_400_000;

describe("A follower of revocations: at the start", () => {
  test("knows what the file says, of tokens and of subjects", async () => {
    const path = await filePath();
    await appendRevocation(path, tokenRevoked("t-1"));
    await appendRevocation(path, subjectRevoked("bob"));
    const { follower } = await FollowedFile.start(path);
    const { revocations } = follower;
    const covers = (subject: string, tokenId: string): boolean =>
      revocations.covers({ subject, tokenId, issuedAtMs: NOW_MS });
    expect([covers("alice", "t-1"), covers("bob", "t-2"), covers("alice", "t-2")]).toEqual([
      true,
      true,
      false,
    ]);
    expect(follower.inForce).toBe(2);
    expect(follower.faults).toEqual(HEALTHY);
  });

  test("ignores what is older than any token can be", async () => {
    const path = await filePath();
    await writeFile(
      path,
      lineOf("old", NOW_MS - 32 * DAY_MS) + lineOf("new", NOW_MS - 30 * DAY_MS),
    );
    const file = await FollowedFile.start(path);
    expect(file.refused("old", "new")).toEqual(["new"]);
    expect(file.follower.inForce).toBe(1);
  });

  test.each<[string, string | Buffer, string]>([
    ["no JSON", `${lineOf("t-1")}\nnonsense\n${lineOf("t-2")}`, "line 3: is no JSON object"],
    ["a part of a line", `${lineOf("t-1").slice(0, 20)}\n`, "line 1: is no JSON object"],
    ["an unknown field", '{"format":1,"subjet":"bob"}\n', 'line 1: unknown field "subjet"'],
    ["a line without an end in sight", `${"x".repeat(100_000)}\n`, "line 1: is too long"],
    ["a line without an end", "x".repeat(100_000), "line 1: is too long"],
    ["no UTF-8", Buffer.from([0xff, 0xfe, 0x0a]), "line 1: is too long, or not UTF-8"],
  ])("refuses a file with %s, and names file and line", async (_what, content, complaint) => {
    const path = await filePath();
    await writeFile(path, content);
    const refused = FollowedFile.start(path);
    await expect(refused).rejects.toThrow(RevocationFileError);
    await expect(refused).rejects.toThrow(`${path}, ${complaint}`);
  });

  test("refuses what cannot be read", async () => {
    const path = await filePath();
    await mkdir(path);
    await expect(FollowedFile.start(path)).rejects.toThrow(`${path} cannot be read: it is no file`);
  });

  test("takes an absent file for an empty one, but not where it was named", async () => {
    const path = await filePath();
    const file = await FollowedFile.start(path);
    expect(file.follower.inForce).toBe(0);
    const named = FollowedFile.start(path, { revocationsFile: path });
    await expect(named).rejects.toThrow(/is not there\. Where nothing was revoked yet, make it/);
    await appendRevocation(path, tokenRevoked("t-1"));
    await file.follower.look();
    expect(file.refused("t-1")).toEqual(["t-1"]);
    expect(file.follower.faults).toEqual(HEALTHY);
    const again = await FollowedFile.start(path, { revocationsFile: path });
    expect(again.refused("t-1")).toEqual(["t-1"]);
  });

  test("waits for a last line that is being written", async () => {
    const path = await filePath();
    const line = lineOf("t-2");
    await writeFile(path, lineOf("t-1") + line.slice(0, -1));
    const file = await FollowedFile.start(path);
    expect(file.refused("t-1", "t-2")).toEqual(["t-1"]);
    await file.append("\n");
    await file.follower.look();
    expect(file.refused("t-1", "t-2")).toEqual(["t-1", "t-2"]);
    expect(file.follower.faults).toEqual(HEALTHY);
  });
});

describe("A follower of revocations: while it runs", () => {
  test("sees new lines by itself", async () => {
    const path = await filePath();
    const file = await FollowedFile.start(path, { revocationsMs: 20 });
    await appendRevocation(path, tokenRevoked("t-1"));
    await expect.poll(() => file.refused("t-1"), { timeout: 10_000 }).toEqual(["t-1"]);
    file.follower.stop();
  });

  test("takes a line that comes in pieces when it is whole, and once", async () => {
    const path = await filePath();
    const file = await FollowedFile.start(path);
    for (const byte of Buffer.from(`${lineOf("t-1")}${lineOf("t-2")}`)) {
      await file.append(Buffer.from([byte]));
      await file.follower.look();
    }
    expect(file.refused("t-1", "t-2")).toEqual(["t-1", "t-2"]);
    expect(file.follower.revocations.version).toBe(2);
    expect(file.follower.faults).toEqual(HEALTHY);
  });

  test("goes on behind a line that nobody understands, counts it, and tells it once", async () => {
    const path = await filePath();
    const file = await FollowedFile.start(path);
    await file.append(`${lineOf("t-1")}nonsense\n{}\n${lineOf("t-2")}`);
    for (let look = 0; look < 3; look++) await file.follower.look();
    expect(file.refused("t-1", "t-2")).toEqual(["t-1", "t-2"]);
    expect(file.follower.faults).toEqual({ ...HEALTHY, malformed: 2 });
    const told = file.logged.filter((message) => message.includes("nobody understands"));
    expect(told).toHaveLength(1);
  });

  test("lags for as long as there is a line that nobody understands", async () => {
    const path = await filePath();
    const file = await FollowedFile.start(path);
    await file.append(lineOf("t-1"));
    await file.follower.look();
    await file.append("nonsense\n");
    file.clock.now += 40_000;
    await file.follower.look();
    expect(file.follower.lagSeconds).toBe(40);
    await writeFile(path, lineOf("t-1") + lineOf("t-2"));
    await file.follower.look();
    expect(file.follower.lagSeconds).toBe(0);
    expect(file.refused("t-1", "t-2")).toEqual(["t-1", "t-2"]);
  });

  test("tells of a last line that stays without its newline, once, and lags", async () => {
    const path = await filePath();
    const file = await FollowedFile.start(path);
    await file.append(lineOf("t-1").slice(0, -1));
    for (let look = 0; look < 10; look++) {
      await file.follower.look();
      file.clock.now += 1_000;
    }
    expect(file.follower.faults).toEqual({ ...HEALTHY, unfinished: 1 });
    expect(file.logged.filter((message) => message.includes("no newline"))).toHaveLength(1);
    expect(file.follower.lagSeconds).toBeGreaterThan(4);
    await file.append("\n");
    await file.follower.look();
    expect(file.refused("t-1")).toEqual(["t-1"]);
    expect(file.follower.lagSeconds).toBe(0);
  });

  const SPOILT: readonly [string, (path: string) => Promise<void>][] = [
    ["cut", (path) => truncate(path, 10)],
    ["emptied", (path) => writeFile(path, "")],
    ["changed in its place", (path) => writeFile(path, `${lineOf("t-3")}${lineOf("t-4")}`)],
    [
      "replaced by a longer one",
      async (path) => {
        await writeFile(`${path}.new`, ["t-5", "t-6", "t-7"].map((id) => lineOf(id)).join(""));
        await rename(`${path}.new`, path);
      },
    ],
  ];

  test("reads a file again that was replaced, also by one that ends alike", async () => {
    const path = await filePath();
    const end = Array.from({ length: 10 }, (_, index) => lineOf(`same-${index}`)).join("");
    await writeFile(path, lineOf("t-1") + end);
    const file = await FollowedFile.start(path);
    await writeFile(`${path}.new`, lineOf("t-2") + end);
    await rename(`${path}.new`, path);
    await file.follower.look();
    expect(file.refused("t-1", "t-2")).toEqual(["t-1", "t-2"]);
    expect(file.follower.faults.rewritten).toBe(1);
  });

  test.each(SPOILT)(
    "keeps what it knows of a file that was %s, and tells once",
    async (_, spoil) => {
      const path = await filePath();
      await writeFile(path, lineOf("t-1") + lineOf("t-2"));
      const file = await FollowedFile.start(path);
      await spoil(path);
      for (let look = 0; look < 3; look++) await file.follower.look();
      expect(file.refused("t-1", "t-2")).toEqual(["t-1", "t-2"]);
      expect(file.follower.faults.rewritten).toBe(1);
      expect(file.logged.filter((message) => message.includes("cut or replaced"))).toHaveLength(1);
      // And what comes after that is in force.
      await appendRevocation(path, tokenRevoked("t-9"));
      await file.follower.look();
      expect(file.refused("t-9")).toEqual(["t-9"]);
      expect(file.follower.faults.rewritten).toBe(1);
    },
  );

  test("keeps what it knows of a file that is gone, counts each look, and tells once", async () => {
    const path = await filePath();
    await writeFile(path, lineOf("t-1"));
    const file = await FollowedFile.start(path);
    await rm(path);
    file.clock.now += 31_000;
    for (let look = 0; look < 3; look++) await file.follower.look();
    expect(file.refused("t-1")).toEqual(["t-1"]);
    expect(file.follower.faults).toEqual({ ...HEALTHY, unreadable: 3 });
    expect(file.follower.lagSeconds).toBe(31);
    expect(file.logged.filter((message) => message.includes("cannot be read"))).toHaveLength(1);
    await writeFile(path, lineOf("t-1") + lineOf("t-2"));
    await file.follower.look();
    expect(file.refused("t-1", "t-2")).toEqual(["t-1", "t-2"]);
    expect(file.follower.lagSeconds).toBe(0);
    expect(file.logged.at(-2)).toContain("can be read again");
  });

  test("beyond the most refuses all tokens of before, and says so", async () => {
    const path = await filePath();
    const file = await FollowedFile.start(path, { revocationsMax: 2 });
    await file.append(["t-1", "t-2", "t-3", "t-4"].map((id) => lineOf(id)).join(""));
    await file.follower.look();
    expect(file.refused("t-3", "t-4", "of nobody")).toEqual(["t-3", "t-4", "of nobody"]);
    expect(file.follower.faults).toEqual({ ...HEALTHY, full: 2 });
    expect(file.logged.at(-1)).toContain("LOANLOOM_REVOCATIONS_MAX");
    const again = await FollowedFile.start(path, { revocationsMax: 2 });
    expect(again.refused("of nobody")).toEqual(["of nobody"]);
    expect(again.follower.faults.full).toBe(2);
  });

  test("reads a long file a piece at a time: the event loop has its turns", async () => {
    const path = await filePath();
    const file = await FollowedFile.start(path);
    const ids = Array.from({ length: 20_000 }, (_, index) => `token-${index}`);
    await file.append(ids.map((id) => lineOf(id)).join(""));
    let turns = 0;
    const count = (): void => void (turns++, (timer = setImmediate(count)));
    let timer = setImmediate(count);
    await file.follower.look();
    clearImmediate(timer);
    expect(file.refused(...ids)).toEqual(ids);
    expect(turns).toBeGreaterThan(20);
  });
});
