// The bank and its file as one: what happens is in memory at once and on disk a little later, and
// nobody is told before it is on disk.

import { randomBytes } from "node:crypto";
import { AssertionError } from "../../money/assert.ts";
import type { Notice } from "../port.ts";
import { parseObject } from "../wire.ts";
import { Bank } from "./bank.ts";
import { readEvent, type BankEvent } from "./bank-event.ts";
import { EventFile } from "./event-file.ts";
import { SandboxError } from "./sandbox-error.ts";

export interface StoredBankParts {
  readonly path: string;
  /** Milliseconds since the epoch: when the bank was opened, if it is a new one. */
  readonly nowMs: number;
  /** A notice may leave: what it says is on disk. */
  tell(notice: Notice): void;
  /** Memory and disk may differ: the process must end. */
  failed(error: Error): void;
}

export class StoredBank {
  readonly bank: Bank;
  readonly #file: EventFile;
  readonly #tell: (notice: Notice) => void;

  private constructor(bank: Bank, file: EventFile, tell: (notice: Notice) => void) {
    this.bank = bank;
    this.#file = file;
    this.#tell = tell;
  }

  /** Throws SandboxError; `tell` gets nothing of what was there before. */
  static async open({ path, nowMs, tell, failed }: StoredBankParts): Promise<StoredBank> {
    const bank = new Bank();
    const file = await EventFile.open(path, (line, number) => replay(bank, line, number), failed);
    const stored = new StoredBank(bank, file, tell);
    if (bank.eventCount === 0) {
      stored.record({ type: "opened", bankId: randomBytes(6).toString("hex"), atMs: nowMs });
      await stored.flushed();
    }
    return stored;
  }

  record(event: BankEvent): void {
    const notice = this.bank.evolve(event);
    this.#file.append(JSON.stringify({ n: this.bank.eventCount, ...event }));
    const flushed = this.#file.flushed();
    if (notice !== null) void flushed.then(() => this.#tell(notice));
  }

  /** Resolves when everything recorded so far is on disk. */
  flushed(): Promise<void> {
    return this.#file.flushed();
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

function replay(bank: Bank, line: string, number: number): void {
  const { n, ...fields } = parseObject(line) ?? {};
  const event = n === number ? readEvent(fields) : undefined;
  if (event === undefined) {
    throw new SandboxError("file_damaged", `line ${number} is not event ${number} of a sandbox`);
  }
  try {
    bank.evolve(event);
  } catch (error) {
    // Here an event that cannot be is a damaged file; while serving it would be a bug.
    if (!(error instanceof AssertionError)) throw error;
    throw new SandboxError("file_damaged", `line ${number} cannot be true: ${error.message}`);
  }
}
