// A store in a folder of its own that goes with the test, and what tests do with documents.

import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import { KeyRing } from "../../src/documents/key-ring.ts";
import type { Label } from "../../src/documents/sealed-format.ts";
import type { SealedReader } from "../../src/documents/sealed-reader.ts";
import { DocumentStore, type StoreOptions } from "../../src/documents/store.ts";

export const KEY = Buffer.alloc(32, 7);

export async function tempFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ll-documents-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function openStore(options: Partial<StoreOptions> = {}): Promise<DocumentStore> {
  return DocumentStore.open({
    folder: options.folder ?? (await tempFolder()),
    ring: new KeyRing([KEY]),
    freeBytesMin: 0,
    ...options,
  });
}

export function sha256Of(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Sealed, but nobody has said yet that its event is durable. */
export async function sealInto(store: DocumentStore, loanId: string, bytes: Uint8Array) {
  const incoming = await store.begin(loanId, bytes.length);
  await incoming.write(bytes);
  const label = await incoming.seal();
  return { incoming, label };
}

export async function keepIn(store: DocumentStore, loanId: string, bytes: Uint8Array) {
  const { incoming, label } = await sealInto(store, loanId, bytes);
  await incoming.keep();
  return label;
}

export async function contentOf(reader: SealedReader): Promise<Buffer> {
  const frames: Buffer[] = [];
  for (let frameNo = 0; frameNo < reader.frames; frameNo++) {
    frames.push(await reader.frame(frameNo));
  }
  return Buffer.concat(frames);
}

export async function readBack(store: DocumentStore, label: Label): Promise<Buffer> {
  const reader = await store.find(label);
  try {
    return await contentOf(reader);
  } finally {
    await reader.close();
  }
}

/** Paths below the folder, sorted. */
export async function filesIn(folder: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}

export function bytesOf(length: number): Buffer {
  return randomBytes(length);
}
