-- Claims the hash for a rebuild, or renews the claim. A claimed hash is neither read nor flushed.
--
-- KEYS[1]  the hash
-- ARGV     1 our token   2 the cache's TIME in ms, read just before   3 ms after which another's claim is void
--          4 'claim' or 'renew'
--
-- Answers  'OK', or 'CLAIMED' if another rebuild has claimed the hash, or if the claim to be renewed is no longer ours.
local key = KEYS[1]
local token, now, void_after = ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3])

local claim = redis.pcall('HGET', key, 'claim') -- an error if the key is not a hash: then it is replaced too
if type(claim) == 'string' then
  local holder, at = string.match(claim, '^(.*):(%d+)$')
  local age = at and now - tonumber(at) or void_after
  if holder ~= token and age < void_after and age > -void_after then return 'CLAIMED' end
  if holder ~= token and ARGV[4] == 'renew' then return 'CLAIMED' end
elseif ARGV[4] == 'renew' then
  return 'CLAIMED'
end
redis.call('DEL', key)
redis.call('HSET', key, 'claim', token .. ':' .. ARGV[2])
return 'OK'
