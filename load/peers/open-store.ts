// Which store a gateway process opens, and with how many connections. On two cores one, two
// and four batches in flight were tried: at 64 x 16 PostgreSQL does as well with one as with
// two, at 64 x 1 better with one, so a second goes only when it is large; Redis gained
// nothing by a second. Four were worse.

import { PostgresBatch, PostgresRows } from "./postgres-store.ts";
import { RedisPipe } from "./redis-pipe.ts";
import { RedisAppend, RedisScript } from "./redis-store.ts";
import { RestateStore } from "./restate-store.ts";
import type { PeerStore, StoreEvents, StoreSettings } from "./store.ts";

const ROWS_CONNECTIONS = 8;
const BATCHES_IN_FLIGHT = 2;
const CALLS_IN_FLIGHT = 1;

export async function openStore(settings: StoreSettings, events: StoreEvents): Promise<PeerStore> {
  switch (settings.kind) {
    case "postgresRows":
      return new PostgresRows(settings, ROWS_CONNECTIONS, events);
    case "postgresBatch":
      return new PostgresBatch(settings, BATCHES_IN_FLIGHT, events);
    case "redisScript":
      return new RedisScript(settings, await pipe(settings, events), null, events);
    case "redisBatch":
      return new RedisScript(settings, await pipe(settings, events), CALLS_IN_FLIGHT, events);
    case "restate":
      return new RestateStore(settings, events);
    case "redisAppend":
      return new RedisAppend(await pipe(settings, events), events);
  }
}

function pipe(settings: StoreSettings, events: StoreEvents): Promise<RedisPipe> {
  return RedisPipe.open(settings.address, (error) => events.fail(error));
}
