// Bytes as hexadecimal digits in lower case, and back.

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));
const DIGITS = /^(?:[0-9a-f]{2})*$/;

export function hexOf(bytes: Uint8Array): string {
  let hex = "";
  for (const byte of bytes) hex += HEX[byte]!;
  return hex;
}

/** Null for what is no even number of digits in lower case. */
export function bytesOfHex(hex: string): Uint8Array | null {
  if (!DIGITS.test(hex)) return null;
  return Uint8Array.from({ length: hex.length / 2 }, (_, at) =>
    Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16),
  );
}
