import { decode } from '../../../pong/messages/decode.ts'
import type { Pong } from '../../../pong/messages/message.ts'
import { recordOf, type PendingReply } from '../../../pong/replies/pending-reply.ts'
import type { Explorable } from './explore.ts'
import { RoundTripClient } from './round-trip-client.ts'
import { contentOf, createCore, RoundTripServer, type CreateCore, type PingRecord } from './round-trip-server.ts'

export interface WorldOptions {
  /** For each session, whether it has a handshake. */
  readonly handshakes: readonly boolean[]
  /** How many things may go wrong. */
  readonly faults: number
  /** Maximum number of open sessions of the server. */
  readonly maxOpen?: number
  /** No reply of this session is ever confirmed or refused. */
  readonly stuck?: string
  readonly createCore?: CreateCore
  /** Whether the group's first commit comes before its first record. Default: it does. */
  readonly commitsStart?: boolean
}

interface PongRecord {
  readonly id: string
  readonly pong: Pong
  isRead: boolean
}

/**
 * Clients, a server, and the topics between them. Every message may be delayed, overtaken, lost or doubled, every session may time out,
 * and the server may crash at any moment and read again from the last commit.
 */
export class RoundTripWorld implements Explorable {
  readonly #options: WorldOptions
  readonly #ids: readonly string[]
  readonly #clients: ReadonlyMap<string, RoundTripClient>
  readonly #pingsOnTheWay: PingRecord[] = []
  readonly #acksOnTheWay: string[] = []
  readonly #log: PingRecord[] = []
  readonly #pongs: PongRecord[] = []
  readonly #buried = new Set<string>()
  /** Sessions of which a pong was lost on its way to the client. */
  readonly #unheard = new Set<string>()
  /** Replies on their way when their server crashed. */
  readonly #orphans: PendingReply[] = []
  #committed: number | undefined
  #faults: number
  /** A session ended by time or a crash: a ping that its client wrote twice is then not recognized as the same. */
  #hasForgotten = false
  #unexpected = 0
  #server: RoundTripServer

  constructor(options: WorldOptions) {
    this.#options = options
    this.#faults = options.faults
    this.#ids = options.handshakes.map((_, index) => String.fromCharCode('a'.charCodeAt(0) + index))
    this.#clients = new Map(this.#ids.map((id, index) => [id, this.#createClient(id, options.handshakes[index]!)]))
    this.#server = this.#startServer()
  }

  moves(): readonly string[] {
    const { sending, burying, position, core, offsets } = this.#server
    const moves: string[] = []
    for (const [id, { state }] of this.#clients) if (state === 'due') moves.push(`client-starts ${id}`)
    this.#pingsOnTheWay.forEach(({ id }, index) => moves.push(`ping-written ${index} ${id}`))
    this.#pongs.forEach(({ id, isRead }, index) => isRead || moves.push(`pong-read ${index} ${id}`))
    this.#acksOnTheWay.forEach((id, index) => moves.push(`ack-read ${index} ${id}`))
    if (position < this.#log.length && !core.isFull) moves.push('server-reads')
    sending.forEach(
      ({ reply }, index) => this.#isStuck(reply.correlationId) || moves.push(`pong-confirmed ${index} ${reply.correlationId}`),
    )
    burying.forEach(({ id }, index) => moves.push(`dead-letter-confirmed ${index} ${id}`))
    const due = offsets.toCommit()
    if (due !== undefined && due !== this.#committed) moves.push('server-commits')
    return moves
  }

  faults(): readonly string[] {
    if (this.#faults === 0) return []
    const { sending, core } = this.#server
    const moves: string[] = []
    this.#pingsOnTheWay.forEach(({ id }, index) => moves.push(`ping-lost! ${index} ${id}`, `ping-written-twice! ${index} ${id}`))
    this.#pongs.forEach(({ id, isRead }, index) => moves.push(isRead ? `pong-read-again! ${index} ${id}` : `pong-lost! ${index} ${id}`))
    this.#acksOnTheWay.forEach((id, index) => moves.push(`ack-lost! ${index} ${id}`, `ack-read-twice! ${index} ${id}`))
    sending.forEach(({ reply: { correlationId: id }, mayBeWritten }, index) => {
      if (this.#isStuck(id)) return
      moves.push(`pong-refused! ${index} ${id}`)
      if (!mayBeWritten) moves.push(`confirmation-lost! ${index} ${id}`)
    })
    this.#orphans.forEach(({ reply }, index) => moves.push(`pong-of-former-life-written! ${index} ${reply.correlationId}`))
    if (this.#log.length > 0) moves.push('server-crashes!')
    if (core.nextDeadlineMs !== undefined) moves.push('server-times-out!')
    for (const [id, { state }] of this.#clients) if (!['due', 'over'].includes(state)) moves.push(`client-times-out! ${id}`)
    return moves
  }

  apply(move: string): void {
    const [what = '', at = ''] = move.split(' ')
    if (what.endsWith('!')) this.#faults--
    this.#run[what]!(Number(at), at)
    this.#checkTopics()
  }

  key(): string {
    const { position, start, offsets, done, sending, burying, core } = this.#server
    return JSON.stringify([
      [...this.#clients.values()].map(client => client.state),
      [this.#pingsOnTheWay, this.#acksOnTheWay, this.#log].map(list => list.map(each => (typeof each === 'string' ? each : each.id))),
      this.#pongs.map(({ id, pong, isRead }) => `${id} ${pong.attempt} ${pong.redelivered} ${isRead}`).toSorted(),
      [...this.#buried, this.#committed, this.#faults, [...this.#unheard], this.#hasForgotten],
      [position, start.end, start.wasCommitted, offsets.hasCommitted, offsets.toCommit(), [...done]],
      sending.concat(this.#orphans).map(({ reply: { pong }, mayBeWritten }) => [pong.seq, pong.attempt, pong.redelivered, mayBeWritten]),
      [this.#orphans.length, burying.map(({ id }) => id), core.describe(this.#ids)],
    ])
  }

  checkEnd(): void {
    for (const { id } of this.#log) {
      if (!this.#isStuck(id) && !this.#isAnswered(id)) throw new Error(`the ping of ${id} got no pong`)
      const { state } = this.#clients.get(id)!
      const hears = !this.#buried.has(id) && !this.#unheard.has(id) && !this.#isStuck(id)
      if (hears && !HEARD.includes(state)) throw new Error(`the pong of ${id} is there, but its client is ${state}`)
    }
    if (this.#options.stuck !== undefined) return
    if (this.#log.length > 0 && this.#committed !== this.#log.length) throw new Error(`committed ${this.#committed} of ${this.#log.length}`)
    if (this.#unexpected > 0) throw new Error('an event was unexpected')
    this.#letTimePass()
  }

  /** Without another message every session ends. */
  #letTimePass(): void {
    for (let each = 0; each < 10; each++) {
      this.#server.timeOut()
      for (const client of this.#clients.values()) client.timeOut()
    }
    if (this.#server.core.sessions > 0) throw new Error('a session of the server does not end')
    for (const [id, { state }] of this.#clients)
      if (!['over', 'due'].includes(state)) throw new Error(`the session of client ${id} does not end`)
  }

  readonly #run: Readonly<Record<string, (index: number, id: string) => void>> = {
    'client-starts': (_, id) => this.#clients.get(id)!.fire('start'),
    'ping-written': index => {
      const ping = this.#pingsOnTheWay.splice(index, 1)[0]!
      this.#log.push(ping)
      this.#clients.get(ping.id)!.fire('acked')
    },
    'ping-written-twice!': index => void this.#log.push(this.#pingsOnTheWay[index]!),
    'ping-lost!': index => this.#clients.get(this.#pingsOnTheWay.splice(index, 1)[0]!.id)!.fire('refused'),
    'pong-read': index => this.#deliver(this.#pongs[index]!),
    'pong-read-again!': index => this.#deliver(this.#pongs[index]!),
    'pong-lost!': index => this.#skip(this.#pongs[index]!),
    'ack-read': index => {
      const id = this.#acksOnTheWay.splice(index, 1)[0]!
      this.#clients.get(id)!.fire('confirmed')
      this.#server.core.acknowledge(id)
    },
    'ack-read-twice!': index => this.#server.core.acknowledge(this.#acksOnTheWay[index]!),
    'ack-lost!': index => this.#clients.get(this.#acksOnTheWay.splice(index, 1)[0]!)!.fire('unconfirmed'),
    'server-reads': () => this.#read(),
    'server-commits': () => this.#commit(),
    'server-crashes!': () => this.#crash(),
    'server-times-out!': () => {
      this.#hasForgotten = true
      this.#server.timeOut()
    },
    'client-times-out!': (_, id) => this.#clients.get(id)!.timeOut(),
    'pong-confirmed': index => {
      const pending = this.#server.sending.splice(index, 1)[0]!
      this.#write(pending)
      pending.settle()
    },
    'confirmation-lost!': index => this.#write(this.#server.sending[index]!, true),
    'pong-refused!': index => this.#server.sending.splice(index, 1)[0]!.settle('refused'),
    'pong-of-former-life-written!': index => this.#write(this.#orphans.splice(index, 1)[0]!),
    'dead-letter-confirmed': index => {
      const { id, settle } = this.#server.burying.splice(index, 1)[0]!
      this.#buried.add(id)
      settle()
    },
  }

  #createClient(id: string, handshake: boolean): RoundTripClient {
    return new RoundTripClient(
      handshake,
      action => {
        if (action === 'send') this.#pingsOnTheWay.push({ id, handshake })
        if (action === 'confirm') this.#acksOnTheWay.push(id)
      },
      () => this.#unexpected++,
    )
  }

  #startServer(): RoundTripServer {
    const { createCore: create = createCore, maxOpen = 10 } = this.#options
    const start = { end: this.#log.length, wasCommitted: this.#committed !== undefined }
    return new RoundTripServer(create, start, this.#committed ?? 0, maxOpen, () => this.#unexpected++)
  }

  #crash(): void {
    this.#hasForgotten = true
    this.#orphans.push(...this.#server.sending)
    this.#server = this.#startServer()
  }

  #read(): void {
    const { start, offsets, position } = this.#server
    const { commitsStart = true } = this.#options
    if (commitsStart && !start.wasCommitted && !offsets.hasCommitted) this.#commit()
    this.#server.read(this.#log[position]!)
  }

  /** Checks that everything before the offset has its reply, or is a dead letter. */
  #commit(): void {
    const { offsets } = this.#server
    const offset = offsets.toCommit()!
    for (const { id } of this.#log.slice(0, offset)) {
      if (!this.#isAnswered(id)) throw new Error(`offset ${offset} is committed before the pong of ${id} is confirmed`)
    }
    this.#committed = offset
    offsets.committed(offset)
  }

  #write(pending: PendingReply, isUnconfirmed = false): void {
    const pong = decode(Buffer.from(String(recordOf(pending, 0).value)))
    if (pong.type !== 'pong') throw new Error(`got a ${pong.type} as reply`)
    this.#pongs.push({ id: pending.reply.correlationId, pong, isRead: false })
    if (isUnconfirmed) pending.mayBeWritten = true
  }

  #deliver(record: PongRecord): void {
    record.isRead = true
    this.#clients.get(record.id)!.fire('pong')
  }

  #skip(record: PongRecord): void {
    record.isRead = true
    this.#unheard.add(record.id)
  }

  #isStuck(id: string): boolean {
    return id === this.#options.stuck
  }

  #isAnswered(id: string): boolean {
    return this.#buried.has(id) || this.#pongs.some(each => each.id === id)
  }

  /** What a reader of the reply topic sees. */
  #checkTopics(): void {
    for (const id of this.#ids) {
      const pongs = this.#pongs.filter(each => each.id === id).map(({ pong }) => pong)
      const isWrittenTwice = this.#log.filter(ping => ping.id === id).length > 1
      const mayBeForgotten = this.#hasForgotten && isWrittenTwice
      if (!mayBeForgotten && pongs.filter(({ redelivered }) => !redelivered).length > 1)
        throw new Error(`two pongs of ${id} are not marked`)
      const { seq, padding } = contentOf(id)
      if (pongs.some(pong => pong.seq !== seq || pong.padding !== padding)) throw new Error(`a pong of ${id} has other content`)
    }
  }
}

/** States of a client that got a pong. */
const HEARD: readonly string[] = ['answered', 'late', 'confirming', 'confirmed', 'unconfirmed', 'over']
