// The keys that server and custodian share, in a file that only its owner can read: one key a line,
// 64 hexadecimal digits, the current one first. While a key is being changed the old one stands
// below the new one: what is sent is signed with all of them, and any of them is accepted.

import { randomBytes } from "node:crypto";
import { chmod, link, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { makeFolder } from "../disk/make-folder.ts";
import { KEY_BYTES, KEYS_MAX } from "./signature.ts";

const KEYS_PATTERN = /^[0-9a-f]{64}(?:\n[0-9a-f]{64})*$/;

/** The file is there and cannot be used; the message says what to do, and never what is in it. */
export class KeyFileError extends Error {
  override readonly name = "KeyFileError";
}

/** Creates the file with one new key when there is none. Throws KeyFileError. */
export async function loadKeys(path: string): Promise<readonly Uint8Array[]> {
  const kept = await readKeys(path);
  if (kept !== null) return kept;
  await makeFolder(dirname(path), 0o700);
  // Written whole under another name and then linked: server and custodian may start at the same
  // moment, and both must get the same key.
  const draft = `${path}.${process.pid}.${randomBytes(4).toString("hex")}`;
  const key = randomBytes(KEY_BYTES).toString("hex");
  try {
    await writeFile(draft, `${key}\n`, { mode: 0o600, flush: true });
    await chmod(draft, 0o600);
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
  } finally {
    await rm(draft, { force: true });
  }
  const written = await readKeys(path);
  if (written === null) throw new KeyFileError(`${path} does not stay where it was written`);
  return written;
}

async function readKeys(path: string): Promise<readonly Uint8Array[] | null> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
  const keys = text.split("\n");
  if (!KEYS_PATTERN.test(text) || keys.length > KEYS_MAX) {
    throw new KeyFileError(`${path}: expected 1 to ${KEYS_MAX} lines of 64 hexadecimal digits`);
  }
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) {
    throw new KeyFileError(`${path}: others can read it (chmod 600 ${path})`);
  }
  return keys.map((key) => new Uint8Array(Buffer.from(key, "hex")));
}
