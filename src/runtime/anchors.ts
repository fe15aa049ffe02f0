// Where the anchors of a server's shards are, and what its log says of them.

import { AnchorFolder, type AnchorFolderOptions } from "../journal/anchor-folder.ts";
import {
  createAnchorCounters,
  type AnchorCounters,
  type AnchorOptions,
} from "../journal/anchor-keeper.ts";
import type { RunLog } from "./run-options.ts";

export interface ServerAnchors {
  readonly counters: AnchorCounters;
  of(shard: number): AnchorOptions;
}

export function serverAnchors(options: AnchorFolderOptions, log: RunLog): ServerAnchors {
  const counters = createAnchorCounters();
  const anchors = new AnchorFolder(options);
  return {
    counters,
    of: (shard) => ({
      anchors,
      counters,
      onUnanchored: (detail) => {
        log.warn(
          { shard, detail },
          "without an anchor nobody knows whether the journal lost its end",
        );
      },
      onFault: (detail) => {
        if (detail === null) log.info({ shard }, "anchors are written again");
        else log.warn({ shard, detail }, "the anchor cannot be written: it is tried again");
      },
    }),
  };
}
