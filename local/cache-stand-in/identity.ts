export const SERVER_NAME = 'ping-cache-stand-in'
/**
 * Clients and tools parse a version, so there has to be one. It is below every version of Redis, since each has commands that
 * are missing here: a client that derives features from the version assumes none.
 */
export const REDIS_VERSION = '0.0.0'
export const REMEDY = 'install redis-server or valkey-server, or set REDIS_URL'
export const NOTICE = `a small in-memory stand-in for Redis that comes with Ping, to try it out on one machine. For a real cache, ${REMEDY}.`
