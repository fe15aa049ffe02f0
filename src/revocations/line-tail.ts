// Reads the lines of a file that others append to, each once, a piece at a time. It
// never takes a line before the newline that ends it, and it notices when what it has
// read is no longer what stands there.

import { isUtf8 } from "node:buffer";
import { constants, open, type FileHandle } from "node:fs/promises";
import { RevocationFileError } from "./file-error.ts";
import { LINE_BYTES_MAX } from "./revocation.ts";

export interface LineReader {
  /** Lines come from the first one on: at the first read, and after the file was rewritten. */
  begins(): void;
  /** Without its newline, counted from 1; null when it is too long, or not UTF-8. */
  line(text: string | null, lineNo: number): void;
}

export type Sight =
  /** There is no file, and there was none before. */
  | { readonly kind: "absent" }
  | {
      readonly kind: "read";
      /** It was cut, changed or replaced since the last read, and was read again as a whole. */
      readonly isRewritten: boolean;
      /** Bytes behind the last newline: a line that is being written. */
      readonly unfinishedBytes: number;
    };

/** Some 130 lines: less than a millisecond, and then the event loop has its turn. */
const PIECE_BYTES = 16_384;
/** So much before the place it has read to must be as it was. */
const PROOF_BYTES = 256;
const NEWLINE = 0x0a;
/** What is no file must not hold up whoever opens it. */
const READ_ONLY = constants.O_RDONLY | constants.O_NONBLOCK;
const NOTHING = Buffer.alloc(0);

export class LineTail {
  readonly path: string;
  #inode: number | null = null;
  /** Behind the last newline that was read. */
  #offset = 0;
  #lineNo = 0;
  #proof: Buffer = NOTHING;
  /** In the middle of a line that is too long, and was told as such. */
  #isSkipping = false;

  constructor(path: string) {
    this.path = path;
  }

  /**
   * Reads what is new. Rejects with a fault (`faultOf`) when the file cannot be read, or is gone;
   * lines that were told before stay told. One call at a time.
   */
  async read(reader: LineReader): Promise<Sight> {
    const file = await this.#open();
    if (file === null) {
      if (this.#inode !== null) throw new RevocationFileError("it was there, and is gone");
      return { kind: "absent" };
    }
    try {
      return await this.#readNew(file, reader);
    } finally {
      await file.close();
    }
  }

  /** Opened each time: a folder of a network tells only then what others have written. */
  async #open(): Promise<FileHandle | null> {
    try {
      return await open(this.path, READ_ONLY);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
      throw error;
    }
  }

  async #readNew(file: FileHandle, reader: LineReader): Promise<Sight> {
    const status = await file.stat();
    if (!status.isFile()) throw new RevocationFileError("it is no file");
    const { ino, size } = status;
    const isFirst = this.#inode === null;
    const isRewritten = !isFirst && !(ino === this.#inode && (await this.#isProven(file)));
    if (isFirst || isRewritten) {
      this.#inode = ino;
      this.#offset = 0;
      this.#lineNo = 0;
      this.#proof = NOTHING;
      this.#isSkipping = false;
      reader.begins();
    }
    const piece = Buffer.alloc(Math.min(PIECE_BYTES, Math.max(1, size - this.#offset)));
    let rest: Buffer = NOTHING;
    for (;;) {
      const { bytesRead } = await file.read(piece, 0, piece.length, this.#offset + rest.length);
      if (bytesRead === 0) break;
      const bytes = Buffer.concat([rest, piece.subarray(0, bytesRead)]);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      this.#take(bytes.subarray(0, end), reader);
      rest = bytes.subarray(end);
      if (rest.length > LINE_BYTES_MAX) {
        this.#skip(rest, reader);
        rest = NOTHING;
      }
    }
    return { kind: "read", isRewritten, unfinishedBytes: rest.length };
  }

  /**
   * What stands before the place it has read to is what it has read
   * there: not so in a shorter file.
   */
  async #isProven(file: FileHandle): Promise<boolean> {
    const { length } = this.#proof;
    const there = Buffer.alloc(length);
    if (length > 0) await file.read(there, 0, length, this.#offset - length);
    return there.equals(this.#proof);
  }

  /** Whole lines. */
  #take(bytes: Buffer, reader: LineReader): void {
    let begin = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, begin)) {
      const line = bytes.subarray(begin, end);
      begin = end + 1;
      if (this.#isSkipping) {
        this.#isSkipping = false;
        continue;
      }
      const isText = line.length <= LINE_BYTES_MAX && isUtf8(line);
      reader.line(isText ? line.toString("utf8") : null, ++this.#lineNo);
    }
    this.#passed(bytes);
  }

  /** A part of a line that is too long to be kept until its end. */
  #skip(bytes: Buffer, reader: LineReader): void {
    if (!this.#isSkipping) reader.line(null, ++this.#lineNo);
    this.#isSkipping = true;
    this.#passed(bytes);
  }

  #passed(bytes: Buffer): void {
    this.#offset += bytes.length;
    this.#proof = Buffer.concat([this.#proof, bytes.subarray(-PROOF_BYTES)]).subarray(-PROOF_BYTES);
  }
}
