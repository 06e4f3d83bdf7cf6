-- Moves one lane of the hash from a start to an end by compare-and-set.
--
-- KEYS[1]  the hash
-- ARGV     1 lane   2 start   3 end (positions "<seq>:<tag>")   4 pings between them
--          5 asof in ms, or '' for none   6 the most minutes the hash may hold
--          7 how many minutes to drop at once when it holds more   8 fields of the hash that are not minutes
--          then minute, pings, minute, pings …
--
-- Answers  {'OK'}  {'ALREADY'}: it is at the end, our reply was lost  {'MOVED', position}: it is elsewhere
--          {'INCOMPLETE', field}: the field is missing, or `claim` is there
--          {'MALFORMED', field}: the field is not what Ping writes
--
-- A script is no rollback: everything is checked before the first write. Start = end moves only asof.
local key = KEYS[1]
local lane, start, stop, pings, asof = ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), tonumber(ARGV[5])
local most, spare, others = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local unpack = table.unpack or unpack

-- Counts stay far below 2^53, up to which Lua's numbers are exact.
local function whole(text)
  if string.match(text, '^%-?%d%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?%d?$') then return tonumber(text) end
end

local function text(number)
  return string.format('%.0f', number)
end

local claimed = redis.pcall('HEXISTS', key, 'claim')
if claimed ~= 0 then return {'INCOMPLETE', claimed == 1 and 'claim' or 'the key is no hash'} end
local names = {'applied:' .. lane, 'asof:' .. lane, 'total', 'minutes-from', 'minutes-to'}
local held = redis.call('HMGET', key, unpack(names))
for i = 1, #names do
  if not held[i] then return {'INCOMPLETE', names[i]} end
end
local applied, old_asof, total, from, to = held[1], whole(held[2]), whole(held[3]), whole(held[4]), whole(held[5])
if held[4] == '-' then from = -math.huge end
if not string.match(applied, '^%d+:%d+$') then return {'MALFORMED', names[1]} end
if not old_asof then return {'MALFORMED', names[2]} end
if not total then return {'MALFORMED', names[3]} end
if not from then return {'MALFORMED', names[4]} end
if not to then return {'MALFORMED', names[5]} end

if applied == stop and start ~= stop then return {'ALREADY'} end
if applied ~= start then return {'MOVED', applied} end

-- The minutes that the hash shall hold: those below minutes-from and from minutes-to on are in the total only.
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
      count = whole(counts[i])
      if not count then return {'MALFORMED', fields[i]} end
    else
      added[#added + 1] = minutes[i][1]
    end
    minutes[i][2] = minutes[i][2] + count
  end
end

-- Too many: drop the oldest, some more at once, as finding them means to look at every field.
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
