// The settings of documents: their keys, and the limits of what is sent and fetched over HTTP.

import { limit, optionalKey, optionalKeys } from "./setting.ts";

const MIB = 1_048_576;

export const DOCUMENT_SETTINGS = {
  key: optionalKey({
    variable: "LOANLOOM_DOCUMENT_KEY",
    about: "key that new documents are encrypted under; one is generated when absent",
  }),
  keysOld: optionalKeys({
    variable: "LOANLOOM_DOCUMENT_KEYS_OLD",
    about: "former keys of documents, which still open what was encrypted under them",
  }),
  freeMibMin: limit(
    "LOANLOOM_DOCUMENT_FREE_MIB_MIN",
    512,
    "MiB",
    [0, 1_048_576],
    "uploads are refused rather than leave less of the disk free",
  ),
} as const;

export const TRANSFER_SETTINGS = {
  bytesMax: limit(
    "LOANLOOM_DOCUMENT_BYTES_MAX",
    10 * MIB,
    "bytes",
    [1_024, 20 * MIB],
    "the largest document",
  ),
  transfersMax: limit(
    "LOANLOOM_DOCUMENT_TRANSFERS_MAX",
    64,
    "transfers",
    [1, 10_000],
    "documents that are being sent and fetched at once",
  ),
  transfersPerAccountMax: limit(
    "LOANLOOM_DOCUMENT_TRANSFERS_PER_ACCOUNT_MAX",
    4,
    "transfers",
    [1, 10_000],
    "the same of one account",
  ),
  transferMsMax: limit(
    "LOANLOOM_DOCUMENT_TRANSFER_MS_MAX",
    120_000,
    "ms",
    [1_000, 3_600_000],
    "the longest time for the bytes of one document",
  ),
  bytesPerSecondMin: limit(
    "LOANLOOM_DOCUMENT_BYTES_PER_SECOND_MIN",
    2_048,
    "bytes/s",
    [1, 1_048_576],
    "an upload that brings less, over 5 s in which it might send, is ended",
  ),
  bufferBytesMax: limit(
    "LOANLOOM_DOCUMENT_BUFFER_BYTES_MAX",
    64 * MIB,
    "bytes",
    [8 * MIB, 16_384 * MIB],
    "bytes of all uploads that were received and are not yet written",
  ),
} as const;
