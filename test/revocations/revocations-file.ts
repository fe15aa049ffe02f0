// A file of revocations in a folder of its own that goes when the test ends, and a follower of it
// whose looks and whose time are the test's.

import { appendFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { RevocationFollower, type RevocationSettings } from "../../src/revocations/follower.ts";
import { formatRevocation, type Revocation } from "../../src/revocations/revocation.ts";

export const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;

export function tokenRevoked(tokenId: string, atMs = NOW_MS): Revocation {
  return { kind: "token", tokenId, atMs, by: "olga", reason: null };
}

export function subjectRevoked(subject: string, atMs = NOW_MS): Revocation {
  return { kind: "subject", subject, atMs, by: "olga", reason: null };
}

export function lineOf(tokenId: string, atMs = NOW_MS): string {
  return formatRevocation(tokenRevoked(tokenId, atMs));
}

export async function filePath(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "loanloom-revocations-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, "revocations.jsonl");
}

export class FollowedFile {
  readonly path: string;
  readonly logged: string[] = [];
  readonly clock = {
    now: 0,
    wallMs: () => NOW_MS + this.clock.now,
    monotonicMs: () => this.clock.now,
  };
  follower!: RevocationFollower;

  private constructor(path: string) {
    this.path = path;
  }

  static async start(
    path: string,
    settings: Partial<RevocationSettings> = {},
  ): Promise<FollowedFile> {
    const file = new FollowedFile(path);
    const log = (_facts: object, message: string): void => void file.logged.push(message);
    file.follower = await RevocationFollower.start({
      path,
      settings: {
        revocationsFile: null,
        revocationsMs: 3_600_000,
        revocationsMax: 1_000_000,
        tokenLifetimeMsMax: 31 * DAY_MS,
        clockToleranceS: 5,
        ...settings,
      },
      clock: file.clock,
      log: { info: log, warn: log, error: log },
    });
    onTestFinished(() => file.follower.stop());
    return file;
  }

  append(text: string | Uint8Array): Promise<void> {
    return appendFile(this.path, text);
  }

  /** Of these token ids those that are refused now. */
  refused(...tokenIds: string[]): string[] {
    const { revocations } = this.follower;
    return tokenIds.filter((tokenId) =>
      revocations.covers({ subject: "alice", tokenId, issuedAtMs: NOW_MS }),
    );
  }
}
