// Looks at all snapshots of a shard once, after its start: slowly, so that nobody notices, and
// without what is in them. When all were seen, they must be those that were sealed.

import type { RedisConnection } from "./connection.ts";
import { sleep, type Timers } from "./clock.ts";
import { callFunction, FUNCTIONS } from "./functions.ts";
import { JournalError } from "./errors.ts";
import { FIELD_BYTES_MAX, HEADER_BYTES, macOf, SEAL_FIELD } from "./snapshot-format.ts";
import type { SnapshotSeal } from "./snapshot-seal.ts";

/** Two digests each: 1.3 ms. A million fields are looked at in half a minute. */
const STEP_FIELDS = 256;
const STEP_PAUSE_MS = 5;

/**
 * Shows the seal every field that was there all the time. On one connection: a cursor means nothing
 * to another Redis. Rejects with what the connection rejects with, and with JournalError `tampered`
 * when there is a field that no program of ours can have written.
 */
export async function passAll(
  connection: RedisConnection,
  snapshots: string,
  seal: SnapshotSeal,
  timers: Timers,
): Promise<void> {
  let cursor = "0";
  for (;;) {
    const args = [1, snapshots, cursor, STEP_FIELDS, HEADER_BYTES] as const;
    const reply = await callFunction(connection, FUNCTIONS.snapshotMacs, args);
    const [next, found] = reply as [Buffer, Buffer[]];
    for (let at = 0; at < found.length; at += 2) {
      const value = found[at + 1]!;
      if (found[at]!.length > FIELD_BYTES_MAX || value.length < HEADER_BYTES) {
        throw new JournalError("tampered", "there is a snapshot that nobody can have written");
      }
      const field = found[at]!.toString();
      if (field !== SEAL_FIELD) seal.pass({ field, mac: macOf(value) });
    }
    cursor = next.toString();
    if (cursor === "0") return;
    await sleep(timers, STEP_PAUSE_MS);
  }
}
