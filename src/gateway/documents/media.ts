// What a document may be: declared by its media type, and confirmed by how its bytes begin. Nothing
// is parsed: whoever opens a document does so in a program of their own.

import { MEDIA_TYPES } from "../../protocol/table.ts";

export type MediaType = (typeof MEDIA_TYPES)[number];

/**
 * PDF: ISO 32000-1, 7.5.2. JPEG: ITU-T T.81, B.1.1.3, SOI and the next marker. PNG: RFC 2083, 3.1.
 */
const BEGINNINGS: Readonly<Record<MediaType, Buffer>> = {
  "application/pdf": Buffer.from("%PDF-", "latin1"),
  "image/jpeg": Buffer.from([0xff, 0xd8, 0xff]),
  "image/png": Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]),
};

export const BEGINNING_BYTES_MAX = Math.max(...Object.values(BEGINNINGS).map((b) => b.length));

/**
 * The media type of a Content-Type header, without parameters; undefined when it is none of ours.
 */
export function mediaTypeOf(contentType: string): MediaType | undefined {
  const [declared = ""] = contentType.split(";");
  return MEDIA_TYPES.find((known) => known === declared.trim().toLowerCase());
}

/** `beginning`: the first bytes, as many as there are up to BEGINNING_BYTES_MAX. */
export function beginsLike(mediaType: MediaType, beginning: Uint8Array): boolean {
  const expected = BEGINNINGS[mediaType];
  return expected.equals(beginning.subarray(0, expected.length));
}
