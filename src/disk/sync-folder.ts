// A name is only there after a crash of the machine when its folder was written, too.

import { open } from "node:fs/promises";

/** Some file systems of networks cannot, and keep their own promises. */
const CANNOT_SYNC: ReadonlySet<string | undefined> = new Set(["EINVAL", "ENOTSUP", "EPERM"]);

/** What was made, renamed or removed in the folder is on the disk when it resolves. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } catch (error) {
    if (!CANNOT_SYNC.has((error as NodeJS.ErrnoException).code)) throw error;
  } finally {
    await folder.close();
  }
}
