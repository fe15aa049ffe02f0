// The peers, each as those who know it would build it. A peer that is not here was not measured.

import { ECHO } from "./floor-peers.ts";
import { LOANLOOM } from "./loanloom-peer.ts";
import type { Peer } from "./peer.ts";
import { POSTGRES_BATCH, POSTGRES_ROWS } from "./postgres-peers.ts";
import { REDIS_APPEND, REDIS_BATCH, REDIS_SCRIPT } from "./redis-peers.ts";
import { RESTATE } from "./restate-peer.ts";

export const PEERS: readonly Peer[] = [
  LOANLOOM,
  POSTGRES_BATCH,
  POSTGRES_ROWS,
  REDIS_BATCH,
  REDIS_SCRIPT,
  RESTATE,
  ECHO,
  REDIS_APPEND,
];
