// Makes a folder and what is missing above it. Node's own `recursive` never ends where the system
// answers ENOENT for a folder that cannot be made, as below /proc: this one tries each step once.

import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";

/** Rejects with the system's own error: ENOTDIR, EACCES, EROFS, or ENOENT for a dangling link. */
export async function makeFolder(path: string, mode = 0o777): Promise<void> {
  const missing: string[] = [];
  for (let at = resolve(path); !(await isThere(at)); at = dirname(at)) missing.push(at);
  for (const each of missing.reverse()) {
    await mkdir(each, { mode }).catch(async (error: NodeJS.ErrnoException) => {
      // Another process was faster; a link that leads nowhere is there and is no folder.
      if (error.code !== "EEXIST") throw error;
      await stat(each);
    });
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    if ((await stat(path)).isDirectory()) return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return false;
    throw error;
  }
  throw Object.assign(new Error(`ENOTDIR: not a directory, mkdir '${path}'`), { code: "ENOTDIR" });
}
