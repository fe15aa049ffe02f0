import { appendFile, mkdir, readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { appendRevocation } from "../../src/revocations/append.ts";
import { RevocationFileError } from "../../src/revocations/file-error.ts";
import { listRevocations } from "../../src/revocations/listing.ts";
import { filePath, lineOf, NOW_MS, subjectRevoked, tokenRevoked } from "./revocations-file.ts";

const KEPT_MS = 31 * 86_400_000;

describe("A revocation that is added", () => {
  test("is a line more, of a file that is made when there is none", async () => {
    const path = await filePath();
    await appendRevocation(path, tokenRevoked("t-1"));
    await appendRevocation(path, tokenRevoked("t-2"));
    expect(await readFile(path, "utf8")).toBe(lineOf("t-1") + lineOf("t-2"));
    expect((await stat(path)).mode & 0o777 & ~process.umask()).toBe(0o644 & ~process.umask());
  });

  test("does not disturb others that are added at the same time", async () => {
    const path = await filePath();
    const ids = Array.from({ length: 50 }, (_, index) => `t-${index}`);
    await Promise.all(ids.map((id) => appendRevocation(path, tokenRevoked(id))));
    const lines = (await readFile(path, "utf8")).trimEnd().split("\n");
    expect(lines.filter((line) => line !== "").sort()).toEqual(
      ids.map((id) => lineOf(id).trimEnd()).sort(),
    );
  });

  test("is a line of its own also behind one that a crash has left unfinished", async () => {
    const path = await filePath();
    await appendFile(path, lineOf("torn").slice(0, 25));
    await appendRevocation(path, tokenRevoked("t-1"));
    const listed = await listRevocations(path, KEPT_MS, NOW_MS);
    expect(listed.inForce).toEqual([tokenRevoked("t-1")]);
    expect(listed.complaints).toEqual(["line 1: is no JSON object"]);
  });

  test("is refused where its folder is not there, or no file is in its place", async () => {
    const path = await filePath();
    const lost = join(dirname(path), "elsewhere", "revocations.jsonl");
    const refused = appendRevocation(lost, tokenRevoked("t-1"));
    await expect(refused).rejects.toThrow(RevocationFileError);
    await expect(refused).rejects.toThrow(/nothing was revoked: its folder is not there/);
    await mkdir(path);
    await expect(appendRevocation(path, tokenRevoked("t-1"))).rejects.toThrow(
      /nothing was revoked: /,
    );
  });
});

describe("The listing of revocations", () => {
  test("has the last one of each, and nothing that no token can be as old as", async () => {
    const path = await filePath();
    const all = [
      subjectRevoked("alice", NOW_MS - 5_000),
      tokenRevoked("old", NOW_MS - KEPT_MS),
      tokenRevoked("alice", NOW_MS - 4_000),
      subjectRevoked("bob", NOW_MS - 3_000),
      subjectRevoked("alice", NOW_MS - 2_000),
      subjectRevoked("bob", NOW_MS - 9_000),
    ];
    for (const each of all) await appendRevocation(path, each);
    expect(await listRevocations(path, KEPT_MS, NOW_MS)).toEqual({
      isThere: true,
      inForce: [all[2], all[3], all[4]],
      complaints: [],
      linesUnread: 0,
      isUnfinished: false,
    });
  });

  test("tells lines that nobody understands, and a last one without its newline", async () => {
    const path = await filePath();
    expect(await listRevocations(path, KEPT_MS, NOW_MS)).toMatchObject({ isThere: false });
    await appendFile(
      path,
      `nonsense\n${lineOf("t-1")}${"{}\n".repeat(30)}${lineOf("t-2").trimEnd()}`,
    );
    const listed = await listRevocations(path, KEPT_MS, NOW_MS);
    expect(listed).toMatchObject({ inForce: [tokenRevoked("t-1")], linesUnread: 31 });
    expect(listed.complaints).toHaveLength(20);
    expect(listed.isUnfinished).toBe(true);
  });
});
