import type { Queryable } from '../../src/postgres/connect.ts'
import type { CommandDetail, CommandView, Page, PageRequest, ResourceDetail, ResourceView, SemaphoreReads, Totals } from '../terms/reads.ts'
import { PageTokenError } from '../terms/reads.ts'
import { COMMAND_COLUMNS, SLOT_OF_COMMAND, toCommand, type CommandRow } from './command-row.ts'
import { RESOURCE_COLUMNS, toResource, type ResourceRow } from './resource-row.ts'
import type { LimitDefaults } from './step-columns.ts'

/** Maximum number of holders that `resource` returns. */
const MAX_HOLDERS = 100
/** Maximum number of commands that `command` counts before a waiting one. */
const MAX_AHEAD = 1_000

const RESOURCE = { name: 'semaphore_resource', text: `select ${RESOURCE_COLUMNS} from resources r where r.resource = $1` }

const HOLDERS = {
  name: 'semaphore_holders',
  text: `select ${COMMAND_COLUMNS}
    from (select resource, first_token from resources where resource = $1) r
    cross join lateral (select s.* from slots s where s.resource = r.resource and s.token >= r.first_token order by s.token limit ${MAX_HOLDERS}) s
    cross join lateral (select c.* from commands c where c.command_id = s.command_id offset 0) c
    order by s.token`,
}

const RESOURCES = {
  name: 'semaphore_resources',
  text: `select ${RESOURCE_COLUMNS} from resources r where r.resource > $1 order by r.resource limit $2`,
}

/** From the later of the page's start and the first command that still waits: dead entries before it are not read. */
const QUEUE = {
  name: 'semaphore_queue',
  text: `select w.rank, ${COMMAND_COLUMNS}
    from (
      select resource, greatest(head_rank, $2) as from_rank,
        case when head_rank < $2 then $3 when head_rank > $2 then head_place else greatest(head_place, $3) end as from_place
      from resources where resource = $1
    ) r
    cross join lateral (
      select w.rank, w.place, w.command_id from waiting w
      where w.resource = r.resource and (w.rank, w.place) > (r.from_rank, r.from_place)
      order by w.rank, w.place limit $4
    ) w
    cross join lateral (select c.* from commands c where c.command_id = w.command_id offset 0) c
    left join lateral (select s.* from slots s where false) s on true
    order by w.rank, w.place`,
}

const COMMAND = {
  name: 'semaphore_command',
  text: `select ${COMMAND_COLUMNS}, coalesce(s.payload, w.payload) as payload, a.ahead
    from commands c
    ${SLOT_OF_COMMAND}
    left join lateral (
      select w.payload from waiting w
      where w.resource = c.resource and w.rank = c.rank and w.place = c.place and c.state is null and s.token is null offset 0
    ) w on true
    left join lateral (
      select count(*) as ahead from (
        select from resources r cross join lateral (
          select from waiting b
          where b.resource = r.resource and (b.rank, b.place) > (r.head_rank, r.head_place) and (b.rank, b.place) < (c.rank, c.place) limit ${MAX_AHEAD}
        ) b where r.resource = c.resource
      ) b where w.payload is not null
    ) a on true
    where c.command_id = $1`,
}

const TOTALS = {
  name: 'semaphore_totals',
  text: `select sum(accepted)::bigint as accepted, sum(granted)::bigint as granted, sum(accepted - granted - dropped)::bigint as waiting,
      sum(granted - finished - expired - (cancelled - dropped))::bigint as running,
      sum(finished)::bigint as finished, sum(cancelled)::bigint as cancelled, sum(expired)::bigint as expired
    from totals`,
}

/** Reads of the semaphore's tables. */
export class StoredReads implements SemaphoreReads {
  readonly #db: Queryable
  readonly #defaults: LimitDefaults

  /** @param db sessions whose search_path leads to the semaphore's tables */
  constructor(db: Queryable, defaults: LimitDefaults) {
    this.#db = db
    this.#defaults = defaults
  }

  async resource(resource: string): Promise<ResourceDetail | undefined> {
    const { rows } = await this.#db.query<ResourceRow>({ ...RESOURCE, values: [resource] })
    if (!rows[0]) return undefined
    const holders = await this.#db.query<CommandRow>({ ...HOLDERS, values: [resource] })
    return { ...toResource(rows[0], this.#defaults), holders: holders.rows.map(toCommand) }
  }

  async resources({ after, limit }: PageRequest): Promise<Page<ResourceView>> {
    const start = after === undefined ? '' : decodeToken(after, 1)[0]!
    const { rows } = await this.#db.query<ResourceRow>({ ...RESOURCES, values: [start, limit + 1] })
    return toPage(
      rows,
      limit,
      row => toResource(row, this.#defaults),
      ({ resource }) => [resource],
    )
  }

  async queue(resource: string, { after, limit }: PageRequest): Promise<Page<CommandView>> {
    const [rank, place] = after === undefined ? [MIN_INT8, '0'] : decodeToken(after, 2)
    if (after !== undefined && !(INT8.test(rank!) && INT8.test(place!))) throw badToken(after)
    const { rows } = await this.#db.query<CommandRow & { rank: bigint }>({ ...QUEUE, values: [resource, rank, place, limit + 1] })
    return toPage(rows, limit, toCommand, row => [String(row.rank), String(row.place)])
  }

  async command(commandId: string): Promise<CommandDetail | undefined> {
    const { rows } = await this.#db.query<CommandRow & { payload: Buffer | null; ahead: bigint }>({ ...COMMAND, values: [commandId] })
    const row = rows[0]
    if (!row) return undefined
    const view = toCommand(row)
    return { ...view, payload: row.payload ?? undefined, ahead: view.state === 'waiting' ? Number(row.ahead) : undefined }
  }

  async totals(): Promise<Totals> {
    return (await this.#db.query<Totals>(TOTALS)).rows[0]!
  }
}

const MIN_INT8 = String(-(2n ** 63n))
const INT8 = /^-?\d{1,18}$/

/** The rows are one more than the limit if there is a further page. */
function toPage<Row, Item>(
  rows: readonly Row[],
  limit: number,
  toItem: (row: Row) => Item,
  keyOf: (row: Row) => readonly string[],
): Page<Item> {
  const shown = rows.slice(0, limit)
  const last = shown.at(-1)
  return { items: shown.map(toItem), next: rows.length > limit && last ? encodeToken(keyOf(last)) : undefined }
}

/** The key of a page's last row, opaque to callers. */
function encodeToken(key: readonly string[]): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url')
}

function decodeToken(token: string, parts: number): readonly string[] {
  try {
    const key: unknown = JSON.parse(Buffer.from(token, 'base64url').toString())
    if (Array.isArray(key) && key.length === parts && key.every(part => typeof part === 'string' && !part.includes('\0'))) return key
  } catch {
    // not JSON
  }
  throw badToken(token)
}

function badToken(token: string): PageTokenError {
  return new PageTokenError(`page token: got ${JSON.stringify(token.slice(0, 100))}, expected the token of the previous page`)
}
