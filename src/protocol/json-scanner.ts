// Splits one flat JSON object into its members without building anything: keys and values are
// offsets into the frame. An object or list as a value is refused where it begins, so depth costs
// nothing; nothing of the frame ever becomes a property name. It never throws.

/** What stands as the value of a member. */
export const TOKEN_KIND = { string: 1, integer: 2, number: 3, true: 4, false: 5, null: 6 } as const;

/** Members beyond it make the frame malformed: more than any message has. */
export const MEMBERS_MAX = 32;

const NOTHING = new Uint8Array(0);

export class JsonScanner {
  bytes: Uint8Array = NOTHING;
  /** For member i: kinds[i], and the offsets of key and value; those of strings without quotes. */
  readonly kinds = new Uint8Array(MEMBERS_MAX);
  readonly keyStarts = new Int32Array(MEMBERS_MAX);
  readonly keyEnds = new Int32Array(MEMBERS_MAX);
  readonly valueStarts = new Int32Array(MEMBERS_MAX);
  readonly valueEnds = new Int32Array(MEMBERS_MAX);
  /** 1 where a string has escapes: its bytes are then not what it says. */
  readonly keyEscaped = new Uint8Array(MEMBERS_MAX);
  readonly valueEscaped = new Uint8Array(MEMBERS_MAX);
  #at = 0;
  /** Where the string that was scanned last begins and ends. */
  #start = 0;
  #end = 0;
  #escaped = 0;

  /** The number of members, or -1 when this is not one flat object of JSON. */
  scan(bytes: Uint8Array): number {
    this.bytes = bytes;
    this.#at = 0;
    this.#space();
    if (!this.#take(0x7b)) return -1;
    this.#space();
    let members = 0;
    if (!this.#take(0x7d)) {
      do {
        if (members === MEMBERS_MAX || !this.#member(members)) return -1;
        members++;
      } while (this.#take(0x2c));
      if (!this.#take(0x7d)) return -1;
    }
    this.#space();
    return this.#at === bytes.length ? members : -1;
  }

  /** Lets go of the frame, so that it can be freed. */
  finish(): void {
    this.bytes = NOTHING;
  }

  /** The integer of member `index`; one of more than 16 digits is beyond every bound. */
  integerOf(index: number): number {
    const end = this.valueEnds[index]!;
    const start = this.valueStarts[index]!;
    if (end - start > 16) return Infinity;
    let value = 0;
    for (let at = start; at < end; at++) value = value * 10 + (this.bytes[at]! - 0x30);
    return value;
  }

  #member(index: number): boolean {
    this.#space();
    if (!this.#string()) return false;
    this.keyStarts[index] = this.#start;
    this.keyEnds[index] = this.#end;
    this.keyEscaped[index] = this.#escaped;
    this.#space();
    if (!this.#take(0x3a)) return false;
    this.#space();
    const kind = this.#value();
    if (kind === 0) return false;
    this.kinds[index] = kind;
    this.valueStarts[index] = this.#start;
    this.valueEnds[index] = this.#end;
    this.valueEscaped[index] = this.#escaped;
    this.#space();
    return true;
  }

  #value(): number {
    const byte = this.bytes[this.#at];
    if (byte === 0x22) return this.#string() ? TOKEN_KIND.string : 0;
    if (byte === 0x74) return this.#word("true") ? TOKEN_KIND.true : 0;
    if (byte === 0x66) return this.#word("false") ? TOKEN_KIND.false : 0;
    if (byte === 0x6e) return this.#word("null") ? TOKEN_KIND.null : 0;
    return this.#number();
  }

  /** A number is an integer when it has digits only: no sign, fraction or exponent. */
  #number(): number {
    this.#start = this.#at;
    const negative = this.#take(0x2d);
    const first = this.bytes[this.#at];
    const digits = this.#digits();
    if (digits === 0 || (digits > 1 && first === 0x30)) return 0;
    let plain = !negative;
    if (this.#take(0x2e)) {
      plain = false;
      if (this.#digits() === 0) return 0;
    }
    if (this.#take(0x65) || this.#take(0x45)) {
      plain = false;
      if (!this.#take(0x2b)) this.#take(0x2d);
      if (this.#digits() === 0) return 0;
    }
    this.#end = this.#at;
    return plain ? TOKEN_KIND.integer : TOKEN_KIND.number;
  }

  #digits(): number {
    const start = this.#at;
    const { bytes } = this;
    while (this.#at < bytes.length && bytes[this.#at]! >= 0x30 && bytes[this.#at]! <= 0x39) {
      this.#at++;
    }
    return this.#at - start;
  }

  /** Over a string in quotes. Its escapes and UTF-8 are checked when it is read. */
  #string(): boolean {
    const { bytes } = this;
    let at = this.#at;
    if (at >= bytes.length || bytes[at] !== 0x22) return false;
    at++;
    this.#start = at;
    this.#escaped = 0;
    while (at < bytes.length) {
      const byte = bytes[at]!;
      if (byte === 0x22) {
        this.#end = at;
        this.#at = at + 1;
        return true;
      }
      if (byte < 0x20) return false;
      if (byte === 0x5c) {
        this.#escaped = 1;
        at++;
      }
      at++;
    }
    return false;
  }

  #word(word: string): boolean {
    const at = this.#at;
    for (let index = 0; index < word.length; index++) {
      if (this.bytes[at + index] !== word.charCodeAt(index)) return false;
    }
    this.#at = at + word.length;
    return true;
  }

  #take(byte: number): boolean {
    if (this.#at >= this.bytes.length || this.bytes[this.#at] !== byte) return false;
    this.#at++;
    return true;
  }

  #space(): void {
    const { bytes } = this;
    while (this.#at < bytes.length) {
      const byte = bytes[this.#at]!;
      if (byte !== 0x20 && byte !== 0x09 && byte !== 0x0a && byte !== 0x0d) return;
      this.#at++;
    }
  }
}
