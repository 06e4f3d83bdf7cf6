import type { CommandState, Limits } from './step.ts'

/** A resource as it is. */
export interface ResourceView {
  readonly resource: string
  readonly limits: Limits
  /** Number of commands that hold a slot. */
  readonly running: number
  /** Number of commands in the queue. */
  readonly waiting: number
  /** The last place: number of commands ever accepted. */
  readonly lastPlace: bigint
  /** The last token: number of grants ever. */
  readonly lastToken: bigint
}

export interface ResourceDetail extends ResourceView {
  /** The commands that hold a slot, by token, at most 100. */
  readonly holders: readonly CommandView[]
}

/** A command and its history. Times are in ms since the Unix epoch, by Postgres' clock; undefined: it has not happened. */
export interface CommandView {
  readonly commandId: string
  readonly resource: string
  readonly state: CommandState
  readonly place: bigint
  readonly priority: number
  /** Undefined if it was never granted. */
  readonly token: bigint | undefined
  readonly payloadBytes: number
  readonly submittedAtMs: number
  readonly grantedAtMs: number | undefined
  /** Undefined if it holds no slot or has no lease. */
  readonly leaseUntilMs: number | undefined
  /** When a cancellation was requested that its holder has to confirm. */
  readonly cancelRequestedAtMs: number | undefined
  readonly endedAtMs: number | undefined
}

export interface CommandDetail extends CommandView {
  /** Undefined once the command is in a final state. */
  readonly payload: Buffer | undefined
  /** For a waiting command: how many are granted before it. Counted up to 1000, which means "at least". */
  readonly ahead: number | undefined
}

export interface Page<T> {
  readonly items: readonly T[]
  /** Pass it on unchanged as `after`. Undefined: this is the last page. */
  readonly next: string | undefined
}

export interface PageRequest {
  readonly after?: string | undefined
  /** 1 to 1000. */
  readonly limit: number
}

/** `after` is not what a page returned as `next`. */
export class PageTokenError extends Error {
  override readonly name = 'PageTokenError'
}

/** Over all resources, ever, apart from `waiting` and `running`. */
export interface Totals {
  readonly accepted: bigint
  readonly granted: bigint
  readonly waiting: bigint
  /** With those that are cancelling. */
  readonly running: bigint
  readonly finished: bigint
  readonly cancelled: bigint
  readonly expired: bigint
}

/** What can be read. No method's cost depends on how many commands there are. They reject if Postgres is unreachable. */
export interface SemaphoreReads {
  /** Undefined if no command and no limit has named the resource. */
  resource(resource: string): Promise<ResourceDetail | undefined>
  /** By name. Throws `PageTokenError`. */
  resources(page: PageRequest): Promise<Page<ResourceView>>
  /** The waiting commands of a resource, in the order in which they are granted. Throws `PageTokenError`. */
  queue(resource: string, page: PageRequest): Promise<Page<CommandView>>
  command(commandId: string): Promise<CommandDetail | undefined>
  totals(): Promise<Totals>
}
