-- Replaces the claimed hash with a rebuilt one. The claim is removed last, so half a hash is never read.
--
-- KEYS[1]  the hash
-- ARGV     1 our token   then field, value, field, value …
--
-- Answers  'OK', or 'LOST' if the claim is no longer ours.
local key = KEYS[1]
local unpack = table.unpack or unpack
local CHUNK = 2000 -- unpack fails at about 8000 values

local claim = redis.call('HGET', key, 'claim')
if not claim or string.match(claim, '^(.*):%d+$') ~= ARGV[1] then return 'LOST' end
redis.call('DEL', key)
redis.call('HSET', key, 'claim', claim)
for i = 2, #ARGV, CHUNK do
  redis.call('HSET', key, unpack(ARGV, i, math.min(i + CHUNK - 1, #ARGV)))
end
redis.call('HDEL', key, 'claim')
return 'OK'
