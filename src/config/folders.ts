// Where a deployment keeps what has no setting of its own, or none that was given.

import { join } from "node:path";
import type { Config } from "../config.ts";

export function anchorFolderOf({
  anchorFolder,
  dataDir,
}: Pick<Config["deployment"], "anchorFolder" | "dataDir">): string {
  return anchorFolder ?? join(dataDir, "anchors");
}

export function revocationsFileOf({
  auth,
  deployment,
}: Pick<Config, "auth" | "deployment">): string {
  return auth.revocationsFile ?? join(deployment.dataDir, "revocations.jsonl");
}
