// Reads the scalars of MessagePack and the header of one array, nothing else: maps, extensions and
// nesting are not understood, so nothing clever can be smuggled in. It never throws and never
// allocates; whoever calls it turns a failed read into a refusal.

/**
 * What `integer` answers when there is none. Integers below it are not read either: the protocol
 * has no negative ones but the small numbers of pushes.
 */
export const NOT_AN_INTEGER = -129;

const NOTHING = new Uint8Array(0);
const FLOAT_BYTES = new DataView(new ArrayBuffer(8));

export class MsgpackReader {
  bytes: Uint8Array = NOTHING;
  at = 0;
  end = 0;

  start(bytes: Uint8Array): void {
    this.bytes = bytes;
    this.at = 0;
    this.end = bytes.length;
  }

  /** Lets go of the frame, so that it can be freed. */
  finish(): void {
    this.bytes = NOTHING;
    this.at = 0;
    this.end = 0;
  }

  /** Number of items of the array that starts here, -1 when none does. */
  arrayLength(): number {
    if (this.at >= this.end) return -1;
    const head = this.bytes[this.at]!;
    if ((head & 0xf0) === 0x90) {
      this.at++;
      return head & 0x0f;
    }
    if (head === 0xdc) return this.#length(2);
    if (head === 0xdd) return this.#length(4);
    return -1;
  }

  /** Whether a nil stands here; if so, it is consumed. */
  nil(): boolean {
    if (this.at >= this.end || this.bytes[this.at] !== 0xc0) return false;
    this.at++;
    return true;
  }

  /** 1 for true, 0 for false, -1 for anything else. */
  flag(): number {
    if (this.at >= this.end) return -1;
    const head = this.bytes[this.at]!;
    if (head !== 0xc2 && head !== 0xc3) return -1;
    this.at++;
    return head & 1;
  }

  /**
   * A safe integer from -128 on, or NOT_AN_INTEGER. A float 64 counts only beyond 32 bits, where
   * writers without 64-bit integers (JavaScript's) have nothing else; -0, NaN and fractions never.
   */
  integer(): number {
    const at = this.at;
    const left = this.end - at;
    if (left < 1) return NOT_AN_INTEGER;
    const bytes = this.bytes;
    const head = bytes[at]!;
    if (head < 0x80) {
      this.at = at + 1;
      return head;
    }
    if (head === 0xcd && left >= 3) {
      this.at = at + 3;
      return (bytes[at + 1]! << 8) | bytes[at + 2]!;
    }
    if (head === 0xce && left >= 5) {
      this.at = at + 5;
      return uint32(bytes, at + 1);
    }
    if (head === 0xcc && left >= 2) {
      this.at = at + 2;
      return bytes[at + 1]!;
    }
    return this.#rareInteger(head, left);
  }

  #rareInteger(head: number, left: number): number {
    const { bytes, at } = this;
    let value = NOT_AN_INTEGER;
    let size = 0;
    if (head >= 0xe0) {
      value = head - 0x100;
      size = 1;
    } else if (head === 0xd0 && left >= 2) {
      value = (bytes[at + 1]! << 24) >> 24;
      size = 2;
    } else if (head === 0xd1 && left >= 3) {
      value = ((bytes[at + 1]! << 24) >> 16) | bytes[at + 2]!;
      size = 3;
    } else if (head === 0xd2 && left >= 5) {
      value = uint32(bytes, at + 1) | 0;
      size = 5;
    } else if ((head === 0xcf || head === 0xd3) && left >= 9) {
      // Beyond 2^53-1, and below zero for the signed one, the upper half is too large.
      const upper = uint32(bytes, at + 1);
      if (upper > 0x1fffff) return NOT_AN_INTEGER;
      value = upper * 0x100000000 + uint32(bytes, at + 5);
      size = 9;
    } else if (head === 0xcb && left >= 9) {
      for (let index = 0; index < 8; index++) FLOAT_BYTES.setUint8(index, bytes[at + 1 + index]!);
      value = FLOAT_BYTES.getFloat64(0);
      if (!(value > 0xffffffff) || !Number.isSafeInteger(value)) return NOT_AN_INTEGER;
      size = 9;
    }
    if (size === 0 || value < -128) return NOT_AN_INTEGER;
    this.at = at + size;
    return value;
  }

  /**
   * The same without a lower bound, for fields that may be negative; undefined when there is none.
   */
  signedInteger(): number | undefined {
    const { at, bytes, end } = this;
    if (end - at >= 5 && bytes[at] === 0xd2) {
      this.at = at + 5;
      return uint32(bytes, at + 1) | 0;
    }
    if (end - at >= 3 && bytes[at] === 0xd1) {
      this.at = at + 3;
      return ((bytes[at + 1]! << 24) >> 16) | bytes[at + 2]!;
    }
    const value = this.integer();
    return value === NOT_AN_INTEGER ? undefined : value;
  }

  /** Passes over one scalar; false when none stands here. */
  skip(): boolean {
    if (this.nil() || this.flag() >= 0) return true;
    const start = this.at;
    let length = this.stringLength();
    if (length < 0 && this.at === start) length = this.binLength();
    if (length >= 0) {
      this.at += length;
      return true;
    }
    return this.at === start && this.signedInteger() !== undefined;
  }

  /** Length in bytes of the string whose bytes follow, all of them there; -1 when none does. */
  stringLength(): number {
    if (this.at >= this.end) return -1;
    const head = this.bytes[this.at]!;
    let length = -1;
    if ((head & 0xe0) === 0xa0) {
      this.at++;
      length = head & 0x1f;
    } else if (head === 0xd9) {
      length = this.#length(1);
    } else if (head === 0xda) {
      length = this.#length(2);
    } else if (head === 0xdb) {
      length = this.#length(4);
    }
    return length <= this.end - this.at ? length : -1;
  }

  /** Length of the binary (bin 8) whose bytes follow, all of them there; -1 when none does. */
  binLength(): number {
    if (this.at >= this.end || this.bytes[this.at] !== 0xc4) return -1;
    const length = this.#length(1);
    return length <= this.end - this.at ? length : -1;
  }

  #length(size: number): number {
    const { bytes, at } = this;
    if (this.end - at < 1 + size) return -1;
    this.at = at + 1 + size;
    if (size === 1) return bytes[at + 1]!;
    if (size === 2) return (bytes[at + 1]! << 8) | bytes[at + 2]!;
    return uint32(bytes, at + 1);
  }
}

function uint32(bytes: Uint8Array, at: number): number {
  return bytes[at]! * 0x1000000 + ((bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!);
}
