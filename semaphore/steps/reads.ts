import type { CommandState, Limits } from './step.ts'

/** A resource as it is. Times are in ms since the Unix epoch, by Postgres' clock. */
export interface ResourceView {
  readonly resource: string
  readonly limits: Limits
  /** Number of commands that hold a slot. */
  readonly running: number
  /** Number of commands in the queue. */
  readonly waiting: number
  /** Number of commands ever accepted: the last place. */
  readonly accepted: bigint
  /** Number of grants ever: the last token. */
  readonly granted: bigint
}

/** A command that holds a slot. */
export interface SlotView {
  readonly commandId: string
  readonly token: bigint
  readonly state: 'running' | 'cancelling'
  readonly grantedAtMs: number
  /** Undefined if it has no lease. */
  readonly leaseUntilMs: number | undefined
}

export interface ResourceDetail extends ResourceView {
  /** The oldest slots by token, at most `MAX_SLOTS_SHOWN`. */
  readonly slots: readonly SlotView[]
}

/** A command in the queue. */
export interface QueuedView {
  readonly commandId: string
  readonly place: bigint
  readonly priority: number
  readonly submittedAtMs: number
  readonly payloadBytes: number
}

/** Where the next page starts: pass it on unchanged. */
export type PageToken = string

export interface Page<T> {
  readonly items: readonly T[]
  /** Undefined: this is the last page. */
  readonly next: PageToken | undefined
}

export interface PageRequest {
  readonly after?: PageToken | undefined
  /** 1 to 1000. */
  readonly limit: number
}

/** A command and its history. Times are in ms since the Unix epoch, by Postgres' clock; undefined: not happened. */
export interface CommandView {
  readonly commandId: string
  readonly resource: string
  readonly state: CommandState
  readonly place: bigint
  readonly priority: number
  readonly token: bigint | undefined
  readonly submittedAtMs: number
  readonly grantedAtMs: number | undefined
  readonly leaseUntilMs: number | undefined
  /** When its cancellation was requested, if it is to be confirmed. */
  readonly cancelRequestedAtMs: number | undefined
  readonly endedAtMs: number | undefined
  /** For a waiting command: how many are granted before it. Counted up to `MAX_AHEAD_COUNTED`; that value means "at least". */
  readonly ahead: number | undefined
}

/** Over all resources. The final states count commands ever. */
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

/** What can be read. Each method is one statement with a cost that does not depend on how many commands there are. */
export interface SemaphoreReads {
  resource(resource: string): Promise<ResourceDetail | undefined>
  /** By name. */
  resources(page: PageRequest): Promise<Page<ResourceView>>
  /** The waiting commands of a resource, in the order in which they are granted. */
  queue(resource: string, page: PageRequest): Promise<Page<QueuedView>>
  command(commandId: string): Promise<CommandView | undefined>
  totals(): Promise<Totals>
}
