-- Moves one lane of the hash from a start to an end by compare-and-set.
--
-- KEYS[1]  the hash
-- ARGV     1 lane   2 start   3 end (positions "<seq>:<tag>")   4 pings between them
--          5 asof in ms, or '' for none   6 the maximum number of minutes in the hash
--          7 how many more minutes to drop when there are too many   8 fields of the hash that are not minutes
--          then minute, pings, minute, pings …
--
-- Answers  {'OK'}  {'ALREADY'}: the lane is at the end, our reply was lost  {'MOVED', position}: the lane is elsewhere
--          {'INCOMPLETE', field}: the field is missing, or `claim` is there
--          {'MALFORMED', field}: the field is not what Ping writes
--
-- A script that fails is not rolled back, so everything is checked before the first write. Start = end moves only asof.
local key = KEYS[1]
local lane, start, stop, pings, asof = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local most, spare, others = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local unpack = table.unpack or unpack

-- An integer from -(2^53 - 1) to 2^53 - 1, up to which Lua's numbers are exact, or nil. parse-integer.ts has the same rule.
local MAX_INTEGER, MAX_DIGITS = 9007199254740991, 16
local function integer(text)
  local digits = string.match(text, '^%-?(%d+)$')
  local value = digits and #digits <= MAX_DIGITS and tonumber(text)
  if value and math.abs(value) <= MAX_INTEGER then return value end
end

local function text(number)
  return string.format('%.0f', number)
end

local claimed = redis.pcall('HEXISTS', key, 'claim')
if claimed ~= 0 then return {'INCOMPLETE', claimed == 1 and 'claim' or 'the key is not a hash'} end
local names = {'applied:' .. lane, 'asof:' .. lane, 'total', 'minutes-from', 'minutes-to'}
local held = redis.call('HMGET', key, unpack(names))
for i = 1, #names do
  if not held[i] then return {'INCOMPLETE', names[i]} end
end
local applied, old_asof, total, from, to = held[1], integer(held[2]), integer(held[3]), integer(held[4]), integer(held[5])
if held[4] == '-' then from = -math.huge end
if not string.match(applied, '^%d+:%d+$') then return {'MALFORMED', names[1]} end
if not old_asof then return {'MALFORMED', names[2]} end
if not total then return {'MALFORMED', names[3]} end
if not from then return {'MALFORMED', names[4]} end
if not to then return {'MALFORMED', names[5]} end

if applied == stop and start ~= stop then return {'ALREADY'} end
if applied ~= start then return {'MOVED', applied} end

-- The minutes to write. Pings of minutes below minutes-from, or from minutes-to on, are in the total only.
local minutes, fields = {}, {}
for i = 9, #ARGV, 2 do
  local minute = tonumber(ARGV[i])
  if minute >= from and minute < to then
    minutes[#minutes + 1] = {minute, tonumber(ARGV[i + 1])}
    fields[#fields + 1] = 'minute:' .. ARGV[i]
  end
end
local added = {}
if #fields > 0 then
  local counts = redis.call('HMGET', key, unpack(fields))
  for i = 1, #fields do
    local count = 0
    if counts[i] then
      count = integer(counts[i])
      if not count then return {'MALFORMED', fields[i]} end
    else
      added[#added + 1] = minutes[i][1]
    end
    minutes[i][2] = minutes[i][2] + count
  end
end

-- Too many minutes: drop the oldest, and some more, because finding them takes a scan of all fields.
local dropped = {}
local excess = redis.call('HLEN', key) - others + #added - most
if #added > 0 and excess > 0 then
  local all = added
  for _, field in ipairs(redis.call('HKEYS', key)) do
    local minute = string.match(field, '^minute:(%-?%d+)$')
    if minute then all[#all + 1] = tonumber(minute) end
  end
  table.sort(all)
  local last = math.min(excess + spare, #all)
  for i = 1, last do dropped[i] = 'minute:' .. text(all[i]) end
  if last > 0 then from = all[last] + 1 end
end

local write = {'total', text(total + pings), 'applied:' .. lane, stop}
if asof and asof > old_asof then
  write[#write + 1] = 'asof:' .. lane
  write[#write + 1] = text(asof)
end
if #dropped > 0 then
  write[#write + 1] = 'minutes-from'
  write[#write + 1] = text(from)
end
for i = 1, #fields do
  if minutes[i][1] >= from then
    write[#write + 1] = fields[i]
    write[#write + 1] = text(minutes[i][2])
  end
end
redis.call('HSET', key, unpack(write))
for i = 1, #dropped, 1000 do
  redis.call('HDEL', key, unpack(dropped, i, math.min(i + 999, #dropped)))
end
return {'OK'}
