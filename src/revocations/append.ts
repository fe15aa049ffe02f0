// Adds a revocation to the file, durably. It only ever adds: several may do so at the same time,
// and none of them can spoil what another one has written.

import { open, type FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import { syncFolder } from "../disk/sync-folder.ts";
import { faultOf, RevocationFileError } from "./file-error.ts";
import { formatRevocation, type Revocation } from "./revocation.ts";

/**
 * Everybody's to read: whoever revokes need not be whom the servers run as, and nothing is secret.
 */
const MODE = 0o644;
const NEWLINE = 0x0a;

/**
 * Resolves when the line is on the disk. The file is made when there is none, but not its folder: a
 * folder that is not there is most likely not the one that servers look at. Rejects with a
 * RevocationFileError: then the revocation is not in force.
 */
export async function appendRevocation(path: string, revocation: Revocation): Promise<void> {
  try {
    await append(path, revocation);
    await syncFolder(dirname(path));
  } catch (error) {
    if (error instanceof RevocationFileError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "its folder is not there" : faultOf(error);
    throw new RevocationFileError(`${path} cannot be written, and nothing was revoked: ${why}`);
  }
}

async function append(path: string, revocation: Revocation): Promise<void> {
  const file = await open(path, "a+", MODE);
  try {
    const status = await file.stat();
    if (!status.isFile()) throw new RevocationFileError(`${path} is no file`);
    // Behind a line that somebody has not ended ours would be a part of it. If it is ended after
    // all, an empty line remains, which says nothing.
    const isEnded = status.size === 0 || (await byteAt(file, status.size - 1)) === NEWLINE;
    const line = Buffer.from(`${isEnded ? "" : "\n"}${formatRevocation(revocation)}`);
    const { bytesWritten } = await file.write(line);
    if (bytesWritten !== line.length) {
      throw new RevocationFileError(
        `${path}: only a part of the line was written, and nothing was revoked. Make room, and remove it`,
      );
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function byteAt(file: FileHandle, position: number): Promise<number | undefined> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(1), 0, 1, position);
  return bytesRead === 0 ? undefined : buffer[0];
}
