// Where a deployment keeps what has no setting of its own, or none that was given.

import { join } from "node:path";
import type { Config } from "../config.ts";

export function anchorFolderOf({ deployment }: Config): string {
  return deployment.anchorFolder ?? join(deployment.dataDir, "anchors");
}
