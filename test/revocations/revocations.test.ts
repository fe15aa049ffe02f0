import { describe, expect, test } from "vitest";
import type { Revocation } from "../../src/revocations/revocation.ts";
import { keptMsOf, Revocations } from "../../src/revocations/revocations.ts";

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;
const LIMITS = { keptMs: 31 * DAY_MS, max: 3 };

function token(tokenId: string, atMs = NOW_MS): Revocation {
  return { kind: "token", tokenId, atMs, by: "olga", reason: null };
}

function subject(name: string, atMs = NOW_MS): Revocation {
  return { kind: "subject", subject: name, atMs, by: "olga", reason: null };
}

function facts(subject: string, tokenId: string | null, issuedAtMs: number) {
  return { subject, tokenId, issuedAtMs };
}

describe("Revocations", () => {
  test("of a token cover it alone, whoever's it is and whenever it was issued", () => {
    const revocations = new Revocations(LIMITS);
    expect(revocations.add(token("t-1"), NOW_MS)).toBe("added");
    for (const issuedAtMs of [NOW_MS - DAY_MS, NOW_MS + DAY_MS]) {
      expect(revocations.covers(facts("alice", "t-1", issuedAtMs))).toBe(true);
      expect(revocations.covers(facts("alice", "t-2", issuedAtMs))).toBe(false);
      expect(revocations.covers(facts("alice", null, issuedAtMs))).toBe(false);
    }
    // A subject of that name is somebody else.
    expect(revocations.covers(facts("t-1", null, NOW_MS - DAY_MS))).toBe(false);
  });

  test("of a subject cover what was issued up to that moment", () => {
    const revocations = new Revocations(LIMITS);
    revocations.add(subject("alice", NOW_MS + 500), NOW_MS);
    expect(revocations.covers(facts("alice", "t-1", NOW_MS))).toBe(true);
    expect(revocations.covers(facts("alice", null, NOW_MS))).toBe(true);
    expect(revocations.covers(facts("alice", "t-1", NOW_MS + 1_000))).toBe(false);
    expect(revocations.covers(facts("bob", "alice", NOW_MS))).toBe(false);
  });

  test("the later one of a subject counts, in whichever order they come", () => {
    for (const order of [
      [0, 5_000],
      [5_000, 0],
    ]) {
      const revocations = new Revocations(LIMITS);
      for (const ms of order) revocations.add(subject("alice", NOW_MS + ms), NOW_MS);
      expect(revocations.covers(facts("alice", null, NOW_MS + 5_000))).toBe(true);
      expect(revocations.size).toBe(1);
    }
  });

  test("tell that there is something new, and only then", () => {
    const revocations = new Revocations(LIMITS);
    revocations.add(token("t-1"), NOW_MS);
    const { version } = revocations;
    expect(revocations.add(token("t-1"), NOW_MS)).toBe("known");
    expect(revocations.add(token("t-2", NOW_MS - 32 * DAY_MS), NOW_MS)).toBe("outlived");
    expect(revocations.version).toBe(version);
    revocations.add(subject("t-1"), NOW_MS);
    expect(revocations.version).toBeGreaterThan(version);
  });

  test("are forgotten when no token can be as old, and not a moment sooner", () => {
    const revocations = new Revocations(LIMITS);
    revocations.add(token("t-1"), NOW_MS);
    revocations.add(token("t-2", NOW_MS + 10), NOW_MS);
    revocations.prune(NOW_MS + LIMITS.keptMs - 1);
    expect(revocations.size).toBe(2);
    revocations.prune(NOW_MS + LIMITS.keptMs);
    expect(revocations.size).toBe(1);
    expect(revocations.covers(facts("alice", "t-1", NOW_MS))).toBe(false);
    expect(revocations.covers(facts("alice", "t-2", NOW_MS))).toBe(true);
  });

  test("are kept for longer than any token lives that they cover", () => {
    const auth = { tokenLifetimeMsMax: 60_000, clockToleranceS: 5 };
    // Issued by a clock that is 5 s ahead, with a second of rounding, and let in 5 s after its end.
    const lastLetInAtMs = NOW_MS + 5_000 + 60_000 + 1_000 + 5_000;
    expect(NOW_MS + keptMsOf(auth)).toBeGreaterThanOrEqual(lastLetInAtMs);
  });

  test("beyond the most make room of what no token can be as old as", () => {
    const revocations = new Revocations(LIMITS);
    for (const name of ["t-1", "t-2", "t-3"]) revocations.add(token(name), NOW_MS);
    const laterMs = NOW_MS + LIMITS.keptMs;
    expect(revocations.add(token("t-4", laterMs), laterMs)).toBe("added");
    expect(revocations.size).toBe(1);
    expect(revocations.covers(facts("alice", "t-9", NOW_MS))).toBe(false);
  });

  test("beyond the most let no revoked token in: all tokens of before are refused", () => {
    const revocations = new Revocations(LIMITS);
    for (const name of ["t-1", "t-2", "t-3"]) revocations.add(token(name), NOW_MS);
    const { version } = revocations;
    expect(revocations.add(token("t-4", NOW_MS + 1_000), NOW_MS)).toBe("beyond");
    expect(revocations.add(subject("bob", NOW_MS + 500), NOW_MS)).toBe("beyond");
    expect(revocations.size).toBe(3);
    expect(revocations.version).toBe(version + 1);
    for (const [who, tokenId] of [
      ["alice", "t-4"],
      ["bob", null],
      ["carol", "t-9"],
    ] as const) {
      expect(revocations.covers(facts(who, tokenId, NOW_MS + 1_000))).toBe(true);
    }
    expect(revocations.covers(facts("carol", "t-9", NOW_MS + 2_000))).toBe(false);
    // What is known one by one still is, and more of it takes no more room.
    expect(revocations.covers(facts("alice", "t-1", NOW_MS + 2_000))).toBe(true);
    expect(revocations.add(token("t-1", NOW_MS + 2_000), NOW_MS)).toBe("added");
    revocations.prune(NOW_MS + 1_000 + LIMITS.keptMs);
    expect(revocations.covers(facts("carol", "t-9", NOW_MS))).toBe(false);
  });
});
