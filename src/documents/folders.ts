// Where the files are, below the deployment's folder:
//
//   documents/incoming/<random>         being written; what a start finds here is removed
//   documents/pending/<name>.<random>   whole and durable; whether its event is, is not known yet
//   documents/kept/<xx>/<name>          its event is durable

import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { syncFolder } from "../disk/sync-folder.ts";

export interface Folders {
  readonly incoming: string;
  readonly pending: string;
  readonly kept: string;
}

/** Makes what is missing, for the owner only, and durable. */
export async function makeFolders(folder: string): Promise<Folders> {
  const folders: Folders = {
    incoming: join(folder, "incoming"),
    pending: join(folder, "pending"),
    kept: join(folder, "kept"),
  };
  for (const path of [folders.incoming, folders.pending, folders.kept]) {
    await mkdir(path, { recursive: true, mode: 0o700 });
  }
  await syncFolder(folder);
  return folders;
}

/** So that no folder has millions of files: one of 256, by the first byte of the name. */
export function keptPath({ kept }: Folders, name: string): string {
  return join(kept, name.slice(0, 2), name);
}

/** The folder that a name is kept in, made durable before anything is put there. */
export async function makeKeptFolder({ kept }: Folders, name: string): Promise<string> {
  const path = join(kept, name.slice(0, 2));
  const made = await mkdir(path, { recursive: true, mode: 0o700 });
  if (made !== undefined) await syncFolder(kept);
  return path;
}
