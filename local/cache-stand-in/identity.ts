/** The version of Redis whose answers are imitated. */
export const REDIS_VERSION = '7.0.15'
export const SERVER_NAME = 'ping-cache-stand-in'
export const NOTICE =
  'a small stand-in for Redis that comes with Ping: in memory, on this machine, for trying out. Install redis-server, valkey-server or dragonfly, or set REDIS_URL, for the real thing.'
