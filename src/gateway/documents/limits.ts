// Every limit of documents over HTTP, with its unit in the name. It never reads the environment:
// main passes them in, tests change single ones.

import { assert } from "../../money/assert.ts";

export interface DocumentLimits {
  readonly bytesMax: number;
  /** Documents that are being sent and fetched at once, in total and of one account. */
  readonly transfersMax: number;
  readonly transfersPerAccountMax: number;
  /** The longest time for the bytes of one document. */
  readonly transferMsMax: number;
  /** A client that sends less, over five seconds in which it might, is cut. */
  readonly bytesPerSecondMin: number;
  /** Bytes of all uploads that were received and are not yet written. */
  readonly bufferBytesMax: number;
}

export const DOCUMENT_LIMITS: DocumentLimits = Object.freeze({
  bytesMax: 10 * 1024 * 1024,
  transfersMax: 64,
  transfersPerAccountMax: 4,
  transferMsMax: 120_000,
  bytesPerSecondMin: 2_048,
  bufferBytesMax: 64 * 1024 * 1024,
});

export function checkDocumentLimits(limits: DocumentLimits): void {
  for (const [name, value] of Object.entries(limits)) {
    assert(Number.isSafeInteger(value) && value > 0, `${name} is a positive whole number`);
  }
  assert(
    limits.transfersPerAccountMax <= limits.transfersMax,
    "one account cannot have more transfers than all of them",
  );
}
