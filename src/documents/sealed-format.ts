// A document on disk: a header, frames of AES-256-GCM, a label. Bytes
// only; no file is touched here.
//
//   header  76   "LLDOC" 0 0 1 | key id 8 | wrapped key 60
//   frame   n+16 65,536 bytes of the document (the last has what is left), then the tag
//   label   97   size 8 | SHA-256 32 | length of the loan id 1 | loan id 40, sealed, then the tag
//
// Nonces are those of STREAM (Hoang, Reyhanitabar, Rogaway, Vizar 2015) as age has them: the
// frame's number in 11 bytes and one byte that says whether more follow. The key is the
// document's alone, so no nonce comes twice; a frame that is missing, doubled or elsewhere
// fails, and so does a cut. The label has the next number and a mark of its own: it says whose
// document it is without reading it.

import { createCipheriv, createDecipheriv } from "node:crypto";
import { assert } from "../money/assert.ts";
import { DocumentError } from "./document-error.ts";
import { KEY_ID_BYTES, WRAPPED_BYTES, type KeyRing } from "./key-ring.ts";

export const FRAME_BYTES = 65_536;
export const TAG_BYTES = 16;
const MAGIC = Buffer.from("LLDOC\0\0\x01", "latin1");
export const HEADER_BYTES = MAGIC.length + KEY_ID_BYTES + WRAPPED_BYTES;
const LOAN_ID_BYTES = 40;
const LABEL_PLAIN_BYTES = 8 + 32 + 1 + LOAN_ID_BYTES;
export const LABEL_BYTES = LABEL_PLAIN_BYTES + TAG_BYTES;

/** What a document is: whose, and which bytes. */
export interface Label {
  readonly loanId: string;
  /** SHA-256 in 64 hexadecimal digits. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

export type FrameMark = "more" | "last" | "label";
const MARKS: Readonly<Record<FrameMark, number>> = { more: 0, last: 1, label: 2 };

export function framesOf(sizeBytes: number): number {
  return Math.max(1, Math.ceil(sizeBytes / FRAME_BYTES));
}

/** How long the file of a document is. */
export function fileBytesOf(sizeBytes: number): number {
  return HEADER_BYTES + sizeBytes + framesOf(sizeBytes) * TAG_BYTES + LABEL_BYTES;
}

/** The size of the document in a file of this length; null when no document makes such a file. */
export function sizeInFile(fileBytes: number): number | null {
  const inside = fileBytes - HEADER_BYTES - LABEL_BYTES;
  const frames = Math.max(1, Math.ceil(inside / (FRAME_BYTES + TAG_BYTES)));
  const sizeBytes = inside - frames * TAG_BYTES;
  return sizeBytes >= 0 && framesOf(sizeBytes) === frames ? sizeBytes : null;
}

export function frameOffset(frameNo: number): number {
  return HEADER_BYTES + frameNo * (FRAME_BYTES + TAG_BYTES);
}

export function newHeader(ring: KeyRing): { readonly header: Buffer; readonly key: Buffer } {
  const { keyId, key, wrapped } = ring.newKey(MAGIC);
  return { header: Buffer.concat([MAGIC, keyId, wrapped]), key };
}

/** The document's key. Throws a DocumentError: `damaged`, `key_unknown`. */
export function keyIn(header: Uint8Array, ring: KeyRing): Buffer {
  const isOurs = header.length === HEADER_BYTES && MAGIC.equals(header.subarray(0, MAGIC.length));
  if (!isOurs) throw new DocumentError("damaged", "no header of a document");
  const keyEnd = MAGIC.length + KEY_ID_BYTES;
  return ring.unwrap(header.subarray(MAGIC.length, keyEnd), header.subarray(keyEnd), MAGIC);
}

function nonceOf(frameNo: number, mark: FrameMark): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeUIntBE(frameNo, 5, 6);
  nonce[11] = MARKS[mark];
  return nonce;
}

/** Writes the sealed frame to the start of `into`, and returns how long it is. */
export function sealFrame(
  key: Uint8Array,
  frameNo: number,
  mark: FrameMark,
  plain: Uint8Array,
  into: Buffer,
): number {
  const cipher = createCipheriv("aes-256-gcm", key, nonceOf(frameNo, mark));
  into.set(cipher.update(plain));
  cipher.final();
  into.set(cipher.getAuthTag(), plain.length);
  return plain.length + TAG_BYTES;
}

/**
 * Throws a DocumentError: `damaged`. Nothing of a frame is returned before all of it is verified.
 */
export function openFrame(
  key: Uint8Array,
  frameNo: number,
  mark: FrameMark,
  sealed: Uint8Array,
): Buffer {
  const end = sealed.length - TAG_BYTES;
  assert(end >= 0, "a frame has a tag");
  const decipher = createDecipheriv("aes-256-gcm", key, nonceOf(frameNo, mark));
  decipher.setAuthTag(sealed.subarray(end));
  const plain = decipher.update(sealed.subarray(0, end));
  try {
    decipher.final();
  } catch {
    throw new DocumentError("damaged", `frame ${frameNo} is not what was written`);
  }
  return plain;
}

export function sealLabel(key: Uint8Array, { loanId, sha256, sizeBytes }: Label): Buffer {
  const id = Buffer.from(loanId, "latin1");
  assert(id.length <= LOAN_ID_BYTES, "a loan id fits into the label");
  const plain = Buffer.alloc(LABEL_PLAIN_BYTES);
  plain.writeBigUInt64BE(BigInt(sizeBytes), 0);
  plain.write(sha256, 8, "hex");
  plain[40] = id.length;
  plain.set(id, 41);
  const sealed = Buffer.alloc(LABEL_BYTES);
  sealFrame(key, framesOf(sizeBytes), "label", plain, sealed);
  return sealed;
}

/** `sizeBytes` is what the file's length says. Throws a DocumentError: `damaged`. */
export function openLabel(key: Uint8Array, sizeBytes: number, sealed: Uint8Array): Label {
  const plain = openFrame(key, framesOf(sizeBytes), "label", sealed);
  if (plain.readBigUInt64BE(0) !== BigInt(sizeBytes)) {
    throw new DocumentError("damaged", "the file has another length than was written");
  }
  const loanId = plain.subarray(41, 41 + plain[40]!).toString("latin1");
  return { loanId, sha256: plain.subarray(8, 40).toString("hex"), sizeBytes };
}
