// A journal that makes durable whatever it gets, one commit a turn of the event loop, and keeps
// nothing: what the core costs without one.

import type { Position } from "../../src/journal/position.ts";
import { PayloadMemory } from "../../src/journal/payload-memory.ts";
import type { Cargo } from "../../src/runtime/batch.ts";
import type { JournalCallbacks, OwnedJournal } from "../../src/runtime/shard.ts";

const EPOCH = 1;
/** As many as the settings give the real one. */
const IN_FLIGHT_MAX = 3;
const NO_MAC = new Uint8Array(32);

interface Commit {
  readonly payload: Buffer;
  readonly cargo: Cargo;
  readonly position: Position;
}

export class DiscardingJournal implements OwnedJournal {
  readonly #callbacks: JournalCallbacks;
  readonly #memory = new PayloadMemory();
  readonly #commits: Commit[] = [];
  #seq = 0;
  #isOpen = true;
  readonly leaseHeld = true;
  committed: Position = { epoch: EPOCH, seq: 0 };
  last = { position: this.committed, mac: NO_MAC };

  constructor(callbacks: JournalCallbacks) {
    this.#callbacks = callbacks;
    setImmediate(this.#beat);
  }

  readonly #beat = (): void => {
    const oldest = this.#commits.shift();
    if (oldest !== undefined) {
      this.committed = oldest.position;
      this.#callbacks.onCommitted(oldest.cargo, oldest.position);
      this.#memory.release(oldest.payload);
    }
    if (this.#isOpen) setImmediate(this.#beat);
  };

  get ready(): boolean {
    return this.#commits.length < IN_FLIGHT_MAX;
  }

  get inFlight(): number {
    return this.#commits.length;
  }

  payloadOf(bytes: Uint8Array): Buffer {
    return this.#memory.copyOf(bytes);
  }

  append(payload: Buffer, cargo: Cargo): void {
    const position = { epoch: EPOCH, seq: ++this.#seq };
    this.last = { position, mac: NO_MAC };
    this.#commits.push({ payload, cargo, position });
  }

  readonly snapshots = {
    isSealed: true,
    checkAll: () => undefined,
    write: () => Promise.resolve(),
    read: () => Promise.resolve(null),
    readParts: () => Promise.resolve(new Map<number, Buffer>()),
  };

  async *read(): AsyncGenerator<never> {
    // Nothing is kept.
  }

  trim(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.#isOpen = false;
    return Promise.resolve();
  }
}
