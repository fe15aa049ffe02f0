// The rules of one shard's journal as a sequence, whatever the records mean: ids and fences,
// numbers of records and messages, versions of actors. Holds for trimmed journals too.

import type { Position } from "../journal/position.ts";
import type { BatchHeader } from "../journal/records.ts";
import type { Findings } from "./report.ts";

export class EntryRules {
  readonly #findings: Findings;
  #last: Position | null = null;
  #nextRecordNo: number | null = null;
  #nextMessageNo: number | null = null;
  /** From this message on all are implied by what is there. */
  #knownFrom: number | null = null;
  readonly #versions = new Map<string, number>();
  /** The first entry is the first of all: nothing was trimmed. */
  fromStart = false;
  takeOvers = 0;
  entries = 0;

  constructor(findings: Findings) {
    this.#findings = findings;
  }

  get last(): Position | null {
    return this.#last;
  }

  /** True for an entry with records, false for a take-over. */
  entry(position: Position): boolean {
    const { epoch, seq } = position;
    const last = this.#last;
    this.entries++;
    if (last === null) this.#begin(position);
    else if (epoch === last.epoch) {
      this.#findings.expect(
        seq === last.seq + 1,
        "entry_id_gap",
        () => `${epoch}-${seq} follows ${last.epoch}-${last.seq}`,
      );
    } else {
      this.#findings.expect(
        epoch > last.epoch && seq === 0,
        "fence_passed",
        () => `${epoch}-${seq} follows ${last.epoch}-${last.seq}`,
      );
      this.#findings.expect(
        epoch <= last.epoch + 1,
        "entry_id_gap",
        () => `epoch ${epoch} follows ${last.epoch}`,
      );
    }
    this.#last = position;
    if (seq !== 0) return true;
    this.takeOvers++;
    return false;
  }

  #begin({ epoch, seq }: Position): void {
    this.fromStart = epoch === 1 && seq === 0;
    if (!this.fromStart) return;
    this.#nextRecordNo = 1;
    this.#nextMessageNo = 1;
  }

  /** The counters that a batch begins with, and how many records it has. */
  batch({ firstRecordNo, firstMessageNo }: BatchHeader, recordCount: number): void {
    const expectedRecordNo = this.#nextRecordNo ?? firstRecordNo;
    this.#findings.expect(
      firstRecordNo === expectedRecordNo,
      "record_number_gap",
      () => `begins with record ${firstRecordNo}, ${expectedRecordNo} comes next`,
    );
    this.#nextRecordNo = firstRecordNo + recordCount;
    const expectedMessageNo = this.#nextMessageNo ?? firstMessageNo;
    this.#findings.expect(
      firstMessageNo === expectedMessageNo,
      "message_number_gap",
      () => `begins with message ${firstMessageNo}, ${expectedMessageNo} comes next`,
    );
    this.#nextMessageNo = firstMessageNo;
    this.#knownFrom ??= firstMessageNo;
  }

  /** Whether nothing that was trimmed can have implied the message. */
  knows(messageNo: number): boolean {
    return this.#knownFrom !== null && messageNo >= this.#knownFrom;
  }

  /** The number of the next message of this shard. */
  nextMessageNo(): number {
    const number = this.#nextMessageNo ?? 1;
    this.#nextMessageNo = number + 1;
    return number;
  }

  /** An account received a leg: its state changed, under the next version. */
  leg(actor: string): void {
    const last = this.#versions.get(actor) ?? (this.fromStart ? 0 : null);
    if (last !== null) this.#versions.set(actor, last + 1);
  }

  /**
   * Legs of a message that was trimmed: nobody can say which accounts received them, or whose the
   * skipped ones are, which became messages of their own.
   */
  unknownLegs(skipped: number): void {
    for (const actor of this.#versions.keys()) {
      if (actor.startsWith("account:")) this.#versions.delete(actor);
    }
    if (skipped === 0) return;
    this.#nextMessageNo = (this.#nextMessageNo ?? 1) + skipped;
    this.#knownFrom = this.#nextMessageNo;
  }

  /** `changes` tells whether the record changed the actor's state, and so has a version. */
  version(actor: string, version: number, changes: boolean): void {
    const last = this.#versions.get(actor) ?? (this.fromStart ? 0 : null);
    const expected = !changes ? 0 : last === null ? version : last + 1;
    this.#findings.expect(
      version === expected,
      "version_gap",
      () => `${actor}: version ${version} where ${expected} comes next`,
    );
    if (changes) this.#versions.set(actor, version);
  }
}
