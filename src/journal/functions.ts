// The Redis Function library. Everything that must be decided and written as one step is here, and
// nothing else: each function costs Redis a few microseconds between commits. Runs on Redis 7.0.
// Functions of one name keep their contract for ever, because old and new servers share a Redis.

import { createHash } from "node:crypto";
import {
  call,
  RedisReplyError,
  type Argument,
  type RedisConnection,
  type Reply,
} from "./connection.ts";

export const FUNCTIONS = {
  commit: "loanloom_commit",
  leaseTake: "loanloom_lease_take",
  leaseRenew: "loanloom_lease_renew",
  leaseRelease: "loanloom_lease_release",
  snapshot: "loanloom_snapshot",
  snapshotOn: "loanloom_snapshot_on",
  snapshotMacs: "loanloom_snapshot_macs",
  trim: "loanloom_trim",
  trimOn: "loanloom_trim_on",
} as const;

const LIBRARY = "loanloom";

const SOURCE = `#!lua name=${LIBRARY}

-- Head of a shard: "epoch-seq:mac in hex" of the last entry of its journal; absent before the first.

local function epoch_of(head)
  return head and string.match(head, '^(%d+)-') or '0'
end

-- The error FENCED <head | none> when the head has another epoch; nil when it has not.
local function why_fenced(head_key, epoch)
  local head = redis.call('GET', head_key)
  if epoch_of(head) ~= epoch then
    return redis.error_reply('FENCED ' .. (head or 'none'))
  end
end

-- The error BEHIND when the seal of the snapshots is missing or older than one that was
-- acknowledged. least: its position, 16 digits in hex; '' before there was any.
local function why_behind(snapshots, least)
  local seal = least ~= '' and redis.call('HGET', snapshots, 'seal')
  if least ~= '' and (not seal or string.sub(seal, 1, 16) < least) then
    return redis.error_reply('BEHIND the seal of the snapshots is older')
  end
end

-- commit: appends one entry if the journal ends where the caller thinks it does.
--   KEYS    journal, head
--   ARGV    expected head ('' for none), id, new head, mac (32 bytes), payload
--   result  the id
--   errors  FENCED <head | none>: the journal ends elsewhere; nothing was written
--           GONE <why>: the journal was deleted: it exists as long as there is a head; nothing was
--           written
local function commit(keys, args)
  local head = redis.call('GET', keys[2])
  if (head or '') ~= args[1] then
    return redis.error_reply('FENCED ' .. (head or 'none'))
  end
  if not head then
    redis.call('XADD', keys[1], args[2], 'b', args[5], 'h', args[4])
  elseif not redis.call('XADD', keys[1], 'NOMKSTREAM', args[2], 'b', args[5], 'h', args[4]) then
    return redis.error_reply('GONE there is a head and no journal')
  end
  redis.call('SET', keys[2], args[3])
  return args[2]
end

-- lease_take: takes the lease if it is free, expired or the caller's own.
--   KEYS    lease
--   ARGV    owner, time in ms, and 'force' to take it whoever has it
--   result  1
--   errors  HELD <ms left> <owner>: another owner has it
local function lease_take(keys, args)
  local owner = redis.call('GET', keys[1])
  if owner and owner ~= args[1] and args[3] ~= 'force' then
    return redis.error_reply('HELD ' .. redis.call('PTTL', keys[1]) .. ' ' .. owner)
  end
  redis.call('SET', keys[1], args[1], 'PX', args[2])
  return 1
end

-- lease_renew: prolongs the lease of the owner whose epoch still is the last.
--   KEYS    lease, head
--   ARGV    owner, time in ms, epoch
--   result  the head
--   errors  FENCED <head | none>: another epoch; HELD as above
local function lease_renew(keys, args)
  local head = redis.call('GET', keys[2])
  if epoch_of(head) ~= args[3] then
    return redis.error_reply('FENCED ' .. (head or 'none'))
  end
  local taken = lease_take(keys, args)
  return taken == 1 and head or taken
end

-- lease_release: gives the lease back, if it is the caller's and not that of a later server which
-- has the same name.
--   KEYS    lease, head
--   ARGV    owner, epoch
--   result  1, or 0 when it was not
local function lease_release(keys, args)
  if redis.call('GET', keys[1]) ~= args[1] then return 0 end
  if epoch_of(redis.call('GET', keys[2])) ~= args[2] then return 0 end
  return redis.call('DEL', keys[1])
end

-- snapshot: writes snapshots of actors, each with its parts or not at all.
--   KEYS    head, snapshots
--   ARGV    epoch, then for each actor: field, value, count of parts, and for each part: field,
--           value ('' deletes it). A value begins with its position, 16 digits in hex.
--   result  how many actors were written; one whose stored position is newer is passed over
--   errors  FENCED <head | none>: another epoch; nothing was written
local function snapshot(keys, args)
  local fenced = why_fenced(keys[1], args[1])
  if fenced then return fenced end
  local written = 0
  local at = 2
  while at <= #args do
    local parts = tonumber(args[at + 2])
    local stored = redis.call('HGET', keys[2], args[at])
    if not stored or string.sub(stored, 1, 16) <= string.sub(args[at + 1], 1, 16) then
      redis.call('HSET', keys[2], args[at], args[at + 1])
      for part = at + 3, at + 1 + 2 * parts, 2 do
        if args[part + 1] == '' then
          redis.call('HDEL', keys[2], args[part])
        else
          redis.call('HSET', keys[2], args[part], args[part + 1])
        end
      end
      written = written + 1
    end
    at = at + 3 + 2 * parts
  end
  return written
end

-- snapshot_on: as snapshot, on top of what was acknowledged.
--   KEYS    as snapshot
--   ARGV    as snapshot, then the least position of the seal, 16 digits in hex; '' for any
--   result  as snapshot
--   errors  FENCED as snapshot; BEHIND: the seal is missing or older; nothing was written
local function snapshot_on(keys, args)
  local least = table.remove(args)
  return why_fenced(keys[1], args[1]) or why_behind(keys[2], least) or snapshot(keys, args)
end

-- snapshot_macs: a slice of all snapshots without what is in them, which may be much.
--   KEYS    snapshots
--   ARGV    cursor, about how many, how many bytes of each
--   result  as HSCAN: the next cursor, and fields, each with the first bytes of its value
local function snapshot_macs(keys, args)
  local found = redis.call('HSCAN', keys[1], args[1], 'COUNT', args[2])
  for at = 2, #found[2], 2 do
    found[2][at] = string.sub(found[2][at], 1, tonumber(args[3]))
  end
  return found
end

-- trim: removes a slice of the entries before an id; it may leave some of them.
--   KEYS    head, journal
--   ARGV    epoch, id, most entries to remove
--   result  how many were removed
--   errors  FENCED <head | none>: another epoch; nothing was removed
local function trim(keys, args)
  local fenced = why_fenced(keys[1], args[1])
  if fenced then return fenced end
  return redis.call('XTRIM', keys[2], 'MINID', '~', args[2], 'LIMIT', args[3])
end

-- trim_on: as trim, as long as the snapshots that cover it are there.
--   KEYS    head, journal, snapshots
--   ARGV    as trim, then the least position of the seal, 16 digits in hex; '' for any
--   result  as trim
--   errors  FENCED as trim; BEHIND: the seal is missing or older; nothing was removed
local function trim_on(keys, args)
  return why_fenced(keys[1], args[1]) or why_behind(keys[3], args[4]) or trim(keys, args)
end

redis.register_function('${FUNCTIONS.commit}', commit)
redis.register_function('${FUNCTIONS.snapshot}', snapshot)
redis.register_function('${FUNCTIONS.snapshotOn}', snapshot_on)

redis.register_function{
  function_name = '${FUNCTIONS.snapshotMacs}', callback = snapshot_macs, flags = {'no-writes'}
}

-- These must work on a full Redis as well: without them it would stay full, or lose its owner.
local function register_small(name, callback)
  redis.register_function{function_name = name, callback = callback, flags = {'allow-oom'}}
end
register_small('${FUNCTIONS.leaseTake}', lease_take)
register_small('${FUNCTIONS.leaseRenew}', lease_renew)
register_small('${FUNCTIONS.leaseRelease}', lease_release)
register_small('${FUNCTIONS.trim}', trim)
register_small('${FUNCTIONS.trimOn}', trim_on)
`;

// The digest tells at a glance, in FUNCTION LIST, which source a Redis has.
const DIGEST = createHash("sha256").update(SOURCE).digest("hex").slice(0, 16);
export const LIBRARY_SOURCE = `${SOURCE}-- source ${DIGEST}\n`;

export const LOAD_LIBRARY = ["LOAD", "REPLACE", LIBRARY_SOURCE] as const;

/** As on a master that has never had it: after a failover, or where a slot went. */
export function isLibraryMissing(message: string): boolean {
  return message.startsWith("ERR Function not found");
}

/**
 * Calls a function; `args` begin with the number of keys. Where it is missing, as where a server of
 * before has loaded its own library, the library is loaded first: nothing was carried out.
 */
export async function callFunction(
  connection: RedisConnection,
  name: string,
  args: readonly Argument[],
): Promise<Reply> {
  try {
    return await call(connection, "FCALL", name, ...args);
  } catch (error) {
    if (!(error instanceof RedisReplyError) || !isLibraryMissing(error.message)) throw error;
    await call(connection, "FUNCTION", ...LOAD_LIBRARY);
    return call(connection, "FCALL", name, ...args);
  }
}

/** Loads the library unless Redis has exactly this one: a load is a write, and is fsynced. */
export async function loadFunctions(connection: RedisConnection): Promise<void> {
  const listed = await call(connection, "FUNCTION", "LIST", "LIBRARYNAME", LIBRARY, "WITHCODE");
  if (Array.isArray(listed) && listed.length === 1) {
    const fields = listed[0] as readonly unknown[];
    const code = fields[fields.findIndex((field) => String(field) === "library_code") + 1];
    if (String(code) === LIBRARY_SOURCE) return;
  }
  await call(connection, "FUNCTION", ...LOAD_LIBRARY);
}
