// SHA-256 (FIPS 180-4) in plain TypeScript: actors and the browser's SDK have no other that answers
// at once. Where node:crypto may be imported and much is hashed, use that.

export const SHA256_BYTES = 32;

const BLOCK_BYTES = 64;
/** The length in bits takes the last eight bytes of a message, and one byte marks its end. */
const PADDING_BYTES_MIN = 9;
const WORDS = 64;

/** Fractional parts of the cube roots of the first 64 primes (FIPS 180-4, 4.2.2). */
// prettier-ignore
const K = Int32Array.of(
  0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
  0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
  0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
  0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
  0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
  0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
  0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
  0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
);

/** Fractional parts of the square roots of the first eight primes (5.3.3). */
const START = Int32Array.of(
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
);

// Hashing is synchronous and never nested: one set of buffers is enough for everybody.
const words = new Int32Array(WORDS);
const chain = new Int32Array(8);
const tail = new Uint8Array(2 * BLOCK_BYTES);

/** The 32 bytes of the hash, in an array of their own. Any length that an array can have. */
export function sha256(bytes: Uint8Array): Uint8Array {
  chain.set(START);
  const { length } = bytes;
  const whole = length - (length % BLOCK_BYTES);
  for (let at = 0; at < whole; at += BLOCK_BYTES) compress(bytes, at);
  const rest = length - whole;
  for (let at = 0; at < rest; at++) tail[at] = bytes[whole + at]!;
  const tailLength = rest + PADDING_BYTES_MIN <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;
  tail.fill(0, rest, tailLength);
  tail[rest] = 0x80;
  writeWord(tail, tailLength - 8, Math.floor(length / 0x20000000));
  writeWord(tail, tailLength - 4, length << 3);
  compress(tail, 0);
  if (tailLength > BLOCK_BYTES) compress(tail, BLOCK_BYTES);
  const hash = new Uint8Array(SHA256_BYTES);
  for (let word = 0; word < 8; word++) writeWord(hash, word * 4, chain[word]!);
  return hash;
}

const utf8 = new TextEncoder();
const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** The hash of the text in UTF-8, as 64 hexadecimal digits in lower case. */
export function sha256Hex(text: string): string {
  let hex = "";
  for (const byte of sha256(utf8.encode(text))) hex += HEX[byte];
  return hex;
}

function writeWord(to: Uint8Array, at: number, word: number): void {
  to[at] = word >>> 24;
  to[at + 1] = word >>> 16;
  to[at + 2] = word >>> 8;
  to[at + 3] = word;
}

/** Takes one block into the chain (6.2.2). */
function compress(bytes: Uint8Array, start: number): void {
  for (let t = 0, at = start; t < 16; t++, at += 4) {
    words[t] = (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
  }
  for (let t = 16; t < WORDS; t++) {
    const x = words[t - 15]!;
    const y = words[t - 2]!;
    const s0 = ((x >>> 7) | (x << 25)) ^ ((x >>> 18) | (x << 14)) ^ (x >>> 3);
    const s1 = ((y >>> 17) | (y << 15)) ^ ((y >>> 19) | (y << 13)) ^ (y >>> 10);
    words[t] = words[t - 16]! + s0 + words[t - 7]! + s1;
  }
  let a = chain[0]!;
  let b = chain[1]!;
  let c = chain[2]!;
  let d = chain[3]!;
  let e = chain[4]!;
  let f = chain[5]!;
  let g = chain[6]!;
  let h = chain[7]!;
  for (let t = 0; t < WORDS; t++) {
    const s1 = ((e >>> 6) | (e << 26)) ^ ((e >>> 11) | (e << 21)) ^ ((e >>> 25) | (e << 7));
    const t1 = (h + s1 + ((e & f) ^ (~e & g)) + K[t]! + words[t]!) | 0;
    const s0 = ((a >>> 2) | (a << 30)) ^ ((a >>> 13) | (a << 19)) ^ ((a >>> 22) | (a << 10));
    const t2 = (s0 + ((a & b) ^ (a & c) ^ (b & c))) | 0;
    h = g;
    g = f;
    f = e;
    e = (d + t1) | 0;
    d = c;
    c = b;
    b = a;
    a = (t1 + t2) | 0;
  }
  chain[0]! += a;
  chain[1]! += b;
  chain[2]! += c;
  chain[3]! += d;
  chain[4]! += e;
  chain[5]! += f;
  chain[6]! += g;
  chain[7]! += h;
}
