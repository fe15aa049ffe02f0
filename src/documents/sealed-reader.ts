// Reads a sealed document, one verified frame at a time. What does not verify is never returned.

import { open, type FileHandle } from "node:fs/promises";
import { assert } from "../money/assert.ts";
import { DocumentError, documentError } from "./document-error.ts";
import type { KeyRing } from "./key-ring.ts";
import {
  FRAME_BYTES,
  frameOffset,
  framesOf,
  HEADER_BYTES,
  keyIn,
  LABEL_BYTES,
  openFrame,
  openLabel,
  sizeInFile,
  TAG_BYTES,
  type Label,
} from "./sealed-format.ts";

export class SealedReader {
  readonly label: Label;
  readonly frames: number;
  readonly #file: FileHandle;
  readonly #key: Buffer;

  private constructor(file: FileHandle, key: Buffer, label: Label) {
    this.#file = file;
    this.#key = key;
    this.label = label;
    this.frames = framesOf(label.sizeBytes);
  }

  /**
   * Opens the file and verifies its header and label. Rejects with a DocumentError: `missing`,
   * `damaged`, `key_unknown`, `store_failed`. Whoever opened it closes it.
   */
  static async open(path: string, ring: KeyRing): Promise<SealedReader> {
    let file: FileHandle | null = null;
    try {
      file = await open(path, "r");
      const { size: fileBytes } = await file.stat();
      const sizeBytes = sizeInFile(fileBytes);
      if (sizeBytes === null) throw new DocumentError("damaged", "no document is so long");
      const key = keyIn(await read(file, 0, HEADER_BYTES), ring);
      const sealed = await read(file, fileBytes - LABEL_BYTES, LABEL_BYTES);
      return new SealedReader(file, key, openLabel(key, sizeBytes, sealed));
    } catch (fault) {
      await file?.close();
      throw documentError(fault, path);
    }
  }

  /** Frame 0 to `frames` - 1. Rejects with a DocumentError: `damaged`, `store_failed`. */
  async frame(frameNo: number): Promise<Buffer> {
    assert(frameNo >= 0 && frameNo < this.frames, "a frame of this document");
    const isLast = frameNo === this.frames - 1;
    const plainBytes = isLast ? this.label.sizeBytes - frameNo * FRAME_BYTES : FRAME_BYTES;
    try {
      const sealed = await read(this.#file, frameOffset(frameNo), plainBytes + TAG_BYTES);
      return openFrame(this.#key, frameNo, isLast ? "last" : "more", sealed);
    } catch (fault) {
      throw documentError(fault, `frame ${frameNo}`);
    }
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}

async function read(file: FileHandle, position: number, length: number): Promise<Buffer> {
  const bytes = Buffer.allocUnsafeSlow(length);
  for (let at = 0; at < length;) {
    const { bytesRead } = await file.read(bytes, at, length - at, position + at);
    if (bytesRead === 0) throw new DocumentError("damaged", "the file ends too early");
    at += bytesRead;
  }
  return bytes;
}
