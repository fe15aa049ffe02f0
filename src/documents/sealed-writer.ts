// Seals a document into a file as it comes, one frame at a time: two frames of memory, whatever the
// document's size. Whoever writes waits for each write before the next.

import { createHash } from "node:crypto";
import type { FileHandle } from "node:fs/promises";
import { assert } from "../money/assert.ts";
import type { KeyRing } from "./key-ring.ts";
import {
  FRAME_BYTES,
  newHeader,
  sealFrame,
  sealLabel,
  TAG_BYTES,
  type FrameMark,
  type Label,
} from "./sealed-format.ts";

export class SealedWriter {
  readonly #file: FileHandle;
  readonly #loanId: string;
  readonly #header: Buffer;
  readonly #key: Buffer;
  readonly #hash = createHash("sha256");
  readonly #frame = Buffer.allocUnsafeSlow(FRAME_BYTES);
  readonly #sealed = Buffer.allocUnsafeSlow(FRAME_BYTES + TAG_BYTES);
  #frameBytes = 0;
  #frameNo = 0;
  #sizeBytes = 0;
  #position = 0;
  #isBusy = false;

  constructor(file: FileHandle, ring: KeyRing, loanId: string) {
    this.#file = file;
    this.#loanId = loanId;
    const { header, key } = newHeader(ring);
    this.#header = header;
    this.#key = key;
  }

  /** Bytes of the document so far. */
  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** The bytes may be used again when it resolves. Rejects with what the file system says. */
  async write(bytes: Uint8Array): Promise<void> {
    assert(!this.#isBusy, "one write at a time");
    this.#isBusy = true;
    for (let at = 0; at < bytes.length;) {
      // Only now is it known that the frame at hand is not the last.
      if (this.#frameBytes === FRAME_BYTES) await this.#writeFrame("more");
      const taken = bytes.subarray(at, at + FRAME_BYTES - this.#frameBytes);
      this.#frame.set(taken, this.#frameBytes);
      this.#hash.update(taken);
      this.#frameBytes += taken.length;
      this.#sizeBytes += taken.length;
      at += taken.length;
    }
    this.#isBusy = false;
  }

  /** SHA-256 of what was written so far, in hexadecimal digits. */
  sha256(): string {
    return this.#hash.copy().digest("hex");
  }

  /** Writes what is left. Nothing is on the disk for sure before the file is synced. */
  async finish(): Promise<Label> {
    assert(!this.#isBusy, "one write at a time");
    this.#isBusy = true;
    await this.#writeFrame("last");
    const label = { loanId: this.#loanId, sha256: this.sha256(), sizeBytes: this.#sizeBytes };
    await this.#append(sealLabel(this.#key, label));
    return label;
  }

  async #writeFrame(mark: FrameMark): Promise<void> {
    if (this.#frameNo === 0) await this.#append(this.#header);
    const plain = this.#frame.subarray(0, this.#frameBytes);
    const sealedBytes = sealFrame(this.#key, this.#frameNo, mark, plain, this.#sealed);
    await this.#append(this.#sealed.subarray(0, sealedBytes));
    this.#frameNo++;
    this.#frameBytes = 0;
  }

  /** A write may take less than it was given, as it does when a disk fills up. */
  async #append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at, this.#position);
      at += bytesWritten;
      this.#position += bytesWritten;
    }
  }
}
