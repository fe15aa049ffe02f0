// The job of a bid and of a repayment in Redis, as functions of one library: each call is atomic,
// and with appendfsync always what it changed is on disk before it is answered.
//
// Keys: `available` and `held` (hashes by account), `loan:<n>` (left, bids, borrower, notes, owed,
// repayments), `bids:<n>` (by request id: the record of the bid, and what makes it at most once),
// `holders:<n>` (accounts in their order), `notes:<n>` (their notes), `clearings:<n>` (by request
// id: the payment with all its legs). Results are ordinals from 1, or an error's number negated.
// Money stays below 2^53: Lua's numbers are doubles.

export const REDIS_LIBRARY = `#!lua name=peer
local function text(number) return string.format('%.0f', number) end

-- bid: KEYS loan bids available held, ARGV request account amount -> rank
local function bid(keys, args)
  local request, account, amount = args[1], args[2], tonumber(args[3])
  local loan = redis.call('HMGET', keys[1], 'left', 'bids')
  if not loan[1] then return -402 end
  local body = account .. ' ' .. args[3]
  local known = redis.call('HGET', keys[2], request)
  if known then
    local rank, before = string.match(known, '^(%d+) (.*)$')
    return before == body and tonumber(rank) or -200
  end
  local left = tonumber(loan[1])
  if amount > left then return -414 end
  local available = tonumber(redis.call('HGET', keys[3], account) or '-1')
  if amount > available then return -303 end
  local rank = tonumber(loan[2]) + 1
  redis.call('HSET', keys[1], 'left', text(left - amount), 'bids', text(rank))
  redis.call('HSET', keys[3], account, text(available - amount))
  redis.call('HINCRBY', keys[4], account, args[3])
  redis.call('HSET', keys[2], request, text(rank) .. ' ' .. body)
  return rank
end

-- bids: the same for many bids of one loan, ARGV (request account amount)* -> ranks
local function bids(keys, args)
  local results, requests, accounts, count = {}, {}, {}, #args / 3
  for i = 1, count do requests[i], accounts[i] = args[3 * i - 2], args[3 * i - 1] end
  local loan = redis.call('HMGET', keys[1], 'left', 'bids')
  if not loan[1] then
    for i = 1, count do results[i] = -402 end
    return results
  end
  local left, rank = tonumber(loan[1]), tonumber(loan[2])
  local known = redis.call('HMGET', keys[2], unpack(requests))
  local available = redis.call('HMGET', keys[3], unpack(accounts))
  local money, taken, now, records = {}, {}, {}, {}
  for i = 1, count do
    local account, amount = accounts[i], tonumber(args[3 * i])
    local body = account .. ' ' .. args[3 * i]
    local before = known[i] or now[requests[i]]
    if not money[account] then money[account] = tonumber(available[i] or '-1') end
    if before then
      local given, was = string.match(before, '^(%d+) (.*)$')
      results[i] = was == body and tonumber(given) or -200
    elseif amount > left then results[i] = -414
    elseif amount > money[account] then results[i] = -303
    else
      rank, left = rank + 1, left - amount
      money[account] = money[account] - amount
      taken[account] = (taken[account] or 0) + amount
      now[requests[i]] = text(rank) .. ' ' .. body
      records[#records + 1] = requests[i]
      records[#records + 1] = now[requests[i]]
      results[i] = rank
    end
  end
  if #records == 0 then return results end
  local balances = {}
  for account, amount in pairs(taken) do
    balances[#balances + 1] = account
    balances[#balances + 1] = text(money[account])
    redis.call('HINCRBY', keys[4], account, text(amount))
  end
  redis.call('HSET', keys[1], 'left', text(left), 'bids', text(rank))
  redis.call('HSET', keys[3], unpack(balances))
  redis.call('HSET', keys[2], unpack(records))
  return results
end

-- repay: KEYS loan holders notes clearings available, ARGV request borrower amount -> ordinal
-- A holder's part of what was repaid so far is rounded down at the ends of its notes: parts sum to
-- the payment exactly, and each is within a cent of what is due.
local function repay(keys, args)
  local request, borrower, amount = args[1], args[2], tonumber(args[3])
  local loan = redis.call('HMGET', keys[1], 'borrower', 'notes', 'repaid', 'owed', 'repayments')
  if loan[1] ~= borrower then return -402 end
  local known = redis.call('HGET', keys[4], request)
  if known then
    local ordinal, before = string.match(known, '^(%d+) (%d+) ')
    return before == args[3] and tonumber(ordinal) or -200
  end
  local total, repaid = tonumber(loan[2]), tonumber(loan[3])
  if amount > tonumber(loan[4]) then return -504 end
  local money = tonumber(redis.call('HGET', keys[5], borrower) or '-1')
  if amount > money then return -303 end
  local holders = redis.call('LRANGE', keys[2], 0, -1)
  local notes = redis.call('LRANGE', keys[3], 0, -1)
  local balances, floor = {}, math.floor
  local legs, sum, before, after, upto = {}, repaid + amount, 0, 0, 0
  for first = 1, #holders, 1000 do
    local last = math.min(first + 999, #holders)
    local available = redis.call('HMGET', keys[5], unpack(holders, first, last))
    local values = {}
    for i = first, last do
      upto = upto + tonumber(notes[i])
      local nextBefore, nextAfter = floor(upto * repaid / total), floor(upto * sum / total)
      local leg = (nextAfter - after) - (nextBefore - before)
      before, after = nextBefore, nextAfter
      legs[i] = leg
      values[#values + 1] = holders[i]
      values[#values + 1] = text(tonumber(available[i - first + 1]) + leg)
    end
    redis.call('HSET', keys[5], unpack(values))
  end
  local ordinal = tonumber(loan[5]) + 1
  redis.call('HSET', keys[5], borrower, text(money - amount))
  redis.call('HSET', keys[1], 'repaid', text(sum), 'owed', text(tonumber(loan[4]) - amount),
             'repayments', text(ordinal))
  redis.call('HSET', keys[4], request,
             text(ordinal) .. ' ' .. args[3] .. ' ' .. cmsgpack.pack(legs))
  return ordinal
end

redis.register_function('bid', bid)
redis.register_function('bids', bids)
redis.register_function('repay', repay)
`;
