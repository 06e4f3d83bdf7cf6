import { createRequire } from 'node:module'
import type { Socket } from 'node:net'
import type { KafkaConfig, logCreator } from 'kafkajs'

// kafkajs 2.2.4 does not export these. package.json fixes the version, and tests cover what is used of them.
const require = createRequire(import.meta.url)

/** What kafkajs needs to send a request and to read its response. */
interface Protocol {
  readonly request: object
  readonly response: { decode(payload: Buffer): Promise<object>; parse(decoded: object): Promise<object> }
  readonly requestTimeout?: number
}

type Lookup = (apiKey: number, versions: object) => (options: object) => Protocol

interface Connection {
  readonly socket?: Socket
}

interface ConnectionPool {
  readonly host: string
  readonly port: number
  readonly pool: readonly Connection[]
  send(protocol: Protocol): Promise<object>
}

/** A broker of kafkajs: two connections, one of them for fetches. */
export interface KafkajsBroker {
  readonly connectionPool: ConnectionPool
  readonly versions: object | null
  lookupRequest: Lookup
  connect(): Promise<void>
}

export interface PoolBuilder {
  /** Without an address: for the next one of the list. */
  build(address?: { readonly host: string; readonly port: number }): Promise<ConnectionPool>
}

type Logger = { namespace(name: string): Logger }

export const createLogger = (require('kafkajs/src/loggers') as { createLogger: (options: object) => Logger }).createLogger as (options: {
  level: number
  logCreator: logCreator
}) => Logger

export const createPoolBuilder = require('kafkajs/src/cluster/connectionPoolBuilder') as (
  options: Omit<KafkaConfig, 'logLevel' | 'logCreator' | 'retry'> & { readonly logger: Logger },
) => PoolBuilder

export const BrokerOf = require('kafkajs/src/broker') as new (options: {
  connectionPool: ConnectionPool
  logger: Logger
  versions: object | null
  allowAutoTopicCreation: false
}) => KafkajsBroker

const apiKeys = require('kafkajs/src/protocol/requests/apiKeys') as Readonly<Record<Api, number>>
const { requests } = require('kafkajs/src/protocol/requests') as { requests: Readonly<Record<Api, object>> }

export type Api = 'Fetch' | 'ListOffsets' | 'Metadata'

/** The response, with the error codes in it: kafkajs would throw at the first one, and hide what the rest has. */
export async function ask<Response extends object>(broker: KafkajsBroker, api: Api, options: object): Promise<Response> {
  const protocol = broker.lookupRequest(apiKeys[api], requests[api])(options)
  const response = { decode: (payload: Buffer) => protocol.response.decode(payload), parse: async (decoded: object) => decoded }
  return (await broker.connectionPool.send({ ...protocol, response })) as Response
}

/** Ends its connections at once: what is asked of it fails. */
export function cut({ connectionPool: { pool } }: KafkajsBroker): void {
  for (const { socket } of pool) socket?.destroy(new Error('the connection is not needed any more'))
}
