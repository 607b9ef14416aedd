-- What buckets.py says, for several requests one after the other and all at once for who looks on.
-- KEYS     the bucket of each step, in the order of the steps
-- ARGV[1]  JSON: for each request its steps, [per_minute, amount, least] of what is taken and
--          [per_minute, more] of what is settled
-- returns  JSON: for each request [1 or 0: whether it was let in, what is used of each bucket,
--          what it took of each]
-- A bucket is kept as "used at", seconds by this server's clock, until it is full again.

local MINUTE_S = 60

local time = redis.call('TIME')
local now = time[1] + time[2] / 1000000

local function used_of(key, per_minute)
  local kept = redis.call('GET', key)
  if not kept then
    return 0
  end
  local used, at = string.match(kept, '(%S+) (%S+)')
  -- A clock that was set back must not use anything.
  return math.max(0, used - math.max(0, now - at) * per_minute / MINUTE_S)
end

local function keep(key, used, per_minute)
  if used == 0 then
    redis.call('DEL', key)
  else
    local full_in_ms = math.ceil(used * MINUTE_S * 1000 / per_minute)
    redis.call('SET', key, string.format('%.17g %.17g', used, now), 'PX', full_in_ms)
  end
end

local answers, before = {}, 0
for _, steps in ipairs(cjson.decode(ARGV[1])) do
  local used, taken, let_in = {}, {}, 1
  for i, step in ipairs(steps) do
    local per_minute, _, least = unpack(step)
    used[i] = used_of(KEYS[before + i], per_minute)
    if least and used[i] + least > per_minute then
      let_in = 0
    end
  end
  for i, step in ipairs(steps) do
    local per_minute, amount, least = unpack(step)
    if let_in == 0 then
      amount = 0
    elseif least then
      amount = math.max(0, math.min(amount, per_minute - used[i]))
    end
    if amount ~= 0 then
      used[i] = math.max(0, used[i] + amount)
      keep(KEYS[before + i], used[i], per_minute)
    end
    taken[i] = amount
  end
  before = before + #steps
  local answer = {let_in}
  for _, each in ipairs(used) do
    answer[#answer + 1] = string.format('%.17g', each)
  end
  for _, each in ipairs(taken) do
    answer[#answer + 1] = string.format('%.17g', each)
  end
  answers[#answers + 1] = '[' .. table.concat(answer, ',') .. ']'
end
-- Not by cjson, which rounds to 14 digits: a bucket that is short by less would seem to have enough.
return '[' .. table.concat(answers, ',') .. ']'
