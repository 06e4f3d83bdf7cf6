/**
 * What a script finds besides Lua itself: `redis`, the names of Lua 5.1 that 5.4 has dropped, and no way out to files or
 * to the host. `raw_call` and `raw_sha1` are ours and go away here.
 */
export const PRELUDE = `
local raw_call, raw_sha1, type, error, tostring, string_format = raw_call, raw_sha1, type, error, tostring, string.format
local math_type, table_unpack, lua_pcall = math.type, table.unpack, pcall
_G.raw_call, _G.raw_sha1 = nil, nil

redis = { LOG_DEBUG = 0, LOG_VERBOSE = 1, LOG_NOTICE = 2, LOG_WARNING = 3, REDIS_VERSION = '7.0.15', REDIS_VERSION_NUM = 0x0700000f }
function redis.call(...)
  local reply = raw_call(...)
  if type(reply) == 'table' and reply.err then error(reply, 0) end
  return reply
end
redis.pcall = raw_call
redis.sha1hex = raw_sha1
function redis.status_reply(text) return { ok = text } end
function redis.error_reply(text)
  text = (text:gsub('^%-', ''))
  return { err = text:find(' ', 1, true) and text or 'ERR ' .. text }
end
function redis.log() end
function redis.replicate_commands() return true end
function redis.setresp() end

-- Lua 5.1, which Redis runs.
function unpack(list, first, last)
  if (last or #list) - (first or 1) >= 7999 then error('too many results to unpack', 2) end
  return table_unpack(list, first, last)
end
table.getn = function(list) return #list end
math.pow = function(x, y) return x ^ y end
math.log10 = function(x) return math.log(x, 10) end
loadstring = load
function _G.tostring(value)
  if math_type(value) == 'float' then return string_format('%.14g', value) end
  return tostring(value)
end
local function caught(ok, problem, ...)
  if not ok and type(problem) == 'table' and problem.err then return ok, problem.err end
  return ok, problem, ...
end
function pcall(...) return caught(lua_pcall(...)) end

-- A script must not run past its end, read the machine, or leave something behind.
for _, name in ipairs({ 'io', 'os', 'debug', 'package', 'require', 'dofile', 'loadfile', 'collectgarbage', 'print', 'warn', 'utf8' }) do
  _G[name] = nil
end
setmetatable(_G, {
  __metatable = 'locked',
  __index = function(_, name) error("Script attempted to access nonexistent global variable '" .. tostring(name) .. "'", 2) end,
  __newindex = function() error('Attempt to modify a readonly table', 2) end,
})
`
