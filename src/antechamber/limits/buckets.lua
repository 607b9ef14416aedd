-- What buckets.py says, for several requests one after the other and all at once for who looks on.
-- KEYS     the bucket of each step, in the order of the steps
-- ARGV[1]  JSON: for each request its steps [per_minute, amount, kind]
-- returns  JSON: for each request [1 or 0: whether it was let in, what is used of each bucket]
-- A bucket is kept as "used at", seconds by this server's clock, until it is full again.

local MINUTE_S = 60
local LOOK, SETTLE = 0, 2  -- kinds; 1 takes

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
  local used, let_in = {}, 1
  for i, step in ipairs(steps) do
    local per_minute, amount, kind = unpack(step)
    used[i] = used_of(KEYS[before + i], per_minute)
    if kind ~= SETTLE and used[i] + amount > per_minute then
      let_in = 0
    end
  end
  for i, step in ipairs(steps) do
    local per_minute, amount, kind = unpack(step)
    if let_in == 1 and kind ~= LOOK then
      used[i] = math.max(0, used[i] + amount)
      keep(KEYS[before + i], used[i], per_minute)
    end
  end
  before = before + #steps
  answers[#answers + 1] = {let_in, unpack(used)}
end
return cjson.encode(answers)
