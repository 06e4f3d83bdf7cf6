/** Which servers answer a ping: any one of them, all, or those with these names. */
export type Target = 'one' | 'all' | readonly string[]

/** A request. Its headers have the correlation id, and where the reply goes. */
export interface Ping {
  readonly type: 'ping'
  /** The client's number of the probe. */
  readonly seq: number
  readonly to: Target
  /** 1, and one more each time that the client sends the same ping again. */
  readonly attempt: number
  /** Any text, which makes the ping as large as the client wants. The reply has the same. */
  readonly padding: string
}

/** The reply of one server. Its headers have the correlation id of the ping. */
export interface Pong {
  readonly type: 'pong'
  readonly seq: number
  /** Name of the server. */
  readonly from: string
  /** How long the server had the ping before it sent this reply, in µs, by its monotonic clock. */
  readonly heldUs: number
  /** 1, and one more each time that this server process answers the same ping again. */
  readonly attempt: number
  /** True if the ping may have been answered before. A reply without this mark is the first. */
  readonly redelivered: boolean
  readonly padding: string
}

/** With a handshake, the client confirms that it got a reply. It goes to the partition of the ping, with the same correlation id. */
export interface Ack {
  readonly type: 'ack'
  readonly seq: number
  /** Name of the server whose reply it confirms. */
  readonly to: string
}

/** A record that its writer reads back. It is for no server: servers ignore it. */
export interface Echo {
  readonly type: 'echo'
  readonly seq: number
  readonly padding: string
}

export type Message = Ping | Pong | Ack | Echo

/** Names of servers: the name is a part of the name of a consumer group. */
export const SERVER_NAME = /^(?!(one|all)$)[A-Za-z0-9._-]{1,200}$/
export const EXPECTED_SERVER_NAME = 'up to 200 letters, digits, dots, underscores and hyphens; not one or all'
/** In a ping. */
export const MAX_NAMES = 100
