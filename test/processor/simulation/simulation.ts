import type { PingEvent } from '../../../src/events/event.ts'
import { PartitionOffsets } from '../../../src/kafka/offsets.ts'
import { seededRandom, type Random } from '../../support/random.ts'
import type { SimulatedCache } from './cache.ts'
import { differencesOf, unsafe } from './checks.ts'
import { Ledger, poolOf } from './ledger.ts'
import { SimulatedProcessor } from './processor.ts'
import { Steps, type Fate } from './steps.ts'
import { settled, type VirtualTime } from './virtual-time.ts'

/** What else may go wrong in a run: lost replies, crashes, zombies, duplicates, gaps and forgeries always do. */
export interface Weather {
  /** The ledger's tail is lost in a failover: then only the end is checked. */
  readonly failover: boolean
  /** No ticks: only what the events themselves and their catch-ups bring. Nothing is lost from cache or topic then. */
  readonly ticks: boolean
}

const PARTITIONS = 2
const LANES = 3
const STEPS = 250
/** Rounds of 500 ms: a claim of a crashed processor is void after 5 s. */
const QUIET_ROUNDS = 16
/** Minutes of the pings; the last is beyond `minutes-to`. */
const MINUTES = [-2, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 99_999_999]

/** One run of everything that counts, on a seeded schedule. Answers what is wrong, or undefined. */
export async function simulate(seed: number, weather: Weather, cache: SimulatedCache, time: VirtualTime): Promise<string | undefined> {
  const run = new Run(seededRandom(seed), weather, cache, time)
  return run.run()
}

class Run {
  readonly #random: Random
  readonly #weather: Weather
  readonly #cache: SimulatedCache
  readonly #time: VirtualTime
  readonly #ledger: Ledger
  readonly #topic: (PingEvent | undefined)[][] = Array.from({ length: PARTITIONS }, () => [])
  readonly #committed = Array.from({ length: PARTITIONS }, () => 0)
  readonly #generation = Array.from({ length: PARTITIONS }, () => 0)
  /** The highest position that was ever in the cache, by lane. */
  readonly #everApplied = Array.from({ length: LANES }, () => 0)
  readonly #maxMinutes: number
  readonly #flushRecords: number
  /** The events whose traces say that this processor has written them. */
  readonly #inTraces = new Map<SimulatedProcessor, Set<string>>()
  #snapshots: Readonly<Record<string, string>>[] = []
  #processors: SimulatedProcessor[] = []
  #wrong: string | undefined
  #checked = -1
  /** Of the last complete hash; 0 once it was deleted. */
  #leastTotal = 0

  constructor(random: Random, weather: Weather, cache: SimulatedCache, time: VirtualTime) {
    this.#random = random
    this.#weather = weather
    this.#cache = cache
    this.#time = time
    this.#ledger = new Ledger(LANES, random)
    this.#maxMinutes = random.pick([10, 12, 1_000])
    this.#flushRecords = random.pick([3, 8, 1_000])
  }

  async run(): Promise<string | undefined> {
    this.#cache.set({})
    this.#processors = Array.from({ length: this.#random.between(1, 4) }, () => this.#startProcessor())
    if (!this.#weather.ticks) await this.#quiet() // the first tick builds the hash
    for (let step = 0; step < STEPS && this.#wrong === undefined; step++) {
      this.#act()
      await settled()
      this.#check()
    }
    this.#rebalance()
    await this.#quiet()
    await this.#trickle()
    return this.#wrong ?? this.#differences()
  }

  /** One ping and silence, while requests are still lost: nothing that comes later takes it along. */
  async #trickle(): Promise<void> {
    for (let pings = 0; pings < 3 && this.#wrong === undefined; pings++) {
      this.#ledger.record(this.#random.between(0, LANES), [1], this.#cache.nowMs)
      this.#publishAll()
      for (let step = 0; step < 25; step++) {
        const processor = this.#random.pick(this.#processors)
        this.#random.pick([
          () => this.#tick(processor),
          () => this.#consume(processor),
          () => this.#time.advance(50),
          ...Array(4).fill(() => this.#step(processor, this.#fate())),
        ])()
        await settled()
        this.#check()
      }
      await this.#quiet()
      this.#wrong ??= this.#differences()
    }
  }

  #publishAll(): void {
    for (const [lane, rows] of this.#ledger.lanes.entries()) {
      for (let seq = this.#ledger.published[lane]! + 1; seq <= rows.length; seq++)
        this.#topic[lane % PARTITIONS]!.push(this.#ledger.event(lane, seq))
      this.#ledger.published[lane] = rows.length
    }
  }

  #differences(): string | undefined {
    return differencesOf(this.#cache.hash(), this.#ledger, this.#maxMinutes)
  }

  #startProcessor(): SimulatedProcessor {
    const steps = new Steps()
    const processor = new SimulatedProcessor({
      steps,
      cache: this.#cache.connection(steps),
      pool: poolOf(this.#ledger, steps),
      partitions: PARTITIONS,
      maxMinutes: this.#maxMinutes,
      flushRecords: this.#flushRecords,
    })
    processor.tick()
    return processor
  }

  #act(): void {
    const { ticks, failover } = this.#weather
    const processor = this.#random.pick(this.#processors)
    const roll = this.#random.next()
    // The largest share: some processor comes one step further.
    if (roll < 0.5) return this.#step(processor, this.#fate())
    if (roll < 0.58) return this.#ledger.record(this.#random.between(0, LANES), this.#pickMinutes(), this.#cache.nowMs)
    if (roll < 0.68) return this.#publish()
    if (roll < 0.8) return this.#consume(processor)
    if (roll < 0.85) return this.#time.advance(this.#random.pick([1, 50, 300, 700]))
    if (roll < 0.89) return this.#tick(processor)
    if (roll < 0.92) return processor.catchUp()
    if (roll < 0.94) return this.#commit(processor)
    if (roll < 0.96) return this.#assign(processor)
    if (roll < 0.97) return this.#forge()
    if (roll < 0.98) return this.#crash(processor)
    if (roll < 0.985) return void this.#snapshots.push(this.#cache.hash())
    if (!ticks) return undefined
    if (roll < 0.99 && this.#snapshots.length > 0) return this.#lose(this.#random.pick(this.#snapshots))
    if (roll < 0.993) return this.#lose({})
    if (failover) return this.#ledger.failOver()
    return undefined
  }

  #lose(left: Readonly<Record<string, string>>): void {
    this.#cache.set(left)
    this.#leastTotal = 0
  }

  #tick(processor: SimulatedProcessor): void {
    if (this.#weather.ticks || !processor.isReady) processor.tick()
  }

  #fate(): Fate {
    const roll = this.#random.next()
    return roll < 0.94 ? 'answered' : roll < 0.97 ? 'reply lost' : 'request lost'
  }

  #step(processor: SimulatedProcessor, fate: Fate): void {
    const { waiting } = processor.steps
    if (waiting.length > 0) processor.steps.take(this.#random.between(0, waiting.length), fate)
  }

  #pickMinutes(): number[] {
    return Array.from({ length: this.#random.between(1, 5) }, () => this.#random.pick(MINUTES))
  }

  /** What the relay sends of a lane; from time to time again what it has sent, or not what it should. */
  #publish(): void {
    const lane = this.#random.between(0, LANES)
    const { published } = this.#ledger
    const rows = this.#ledger.lanes[lane]!.length
    if (this.#random.next() < 0.1) published[lane] = Math.max(0, published[lane]! - this.#random.between(1, 6))
    if (this.#weather.ticks && this.#random.next() < 0.05) published[lane] = Math.min(rows, published[lane]! + 1)
    const end = Math.min(rows, published[lane]! + this.#random.between(1, 8))
    for (let seq = published[lane]! + 1; seq <= end; seq++) this.#topic[lane % PARTITIONS]!.push(this.#ledger.event(lane, seq))
    published[lane] = end
  }

  /** A record that is not of the relay. */
  #forge(): void {
    const lane = this.#random.pick([0, 1, 2, 2, 77])
    const head = BigInt(this.#ledger.lanes[lane]?.length ?? 0)
    const seq = this.#random.pick([1n, 3n, head, head + 1n, head + 5n, 10n ** 12n]) || 1n
    const forged = { id: '', lane, seq, tag: 999n, previousTag: 998n, timestampMs: 0n }
    this.#random.pick(this.#topic).push(this.#random.pick([forged, undefined]))
  }

  #consume(processor: SimulatedProcessor): void {
    if (!processor.isReady) return
    for (const [partition, assignment] of processor.assigned) {
      const records = this.#topic[partition]!
      for (let count = this.#random.between(0, 7); count > 0 && assignment.next < records.length; count--) {
        processor.take(assignment, records[assignment.next])
      }
    }
  }

  /** Assigns a partition to the processor. The previous one does not notice, except that its commits are refused. */
  #assign(processor: SimulatedProcessor): void {
    const partition = this.#random.between(0, PARTITIONS)
    this.#join(processor, partition)
  }

  #join(processor: SimulatedProcessor, partition: number): void {
    const generation = ++this.#generation[partition]!
    processor.assigned.set(partition, { generation, offsets: new PartitionOffsets(), next: this.#committed[partition]! })
  }

  #commit(processor: SimulatedProcessor): void {
    for (const [partition, { generation, offsets }] of processor.assigned) {
      if (generation !== this.#generation[partition]) continue
      const offset = offsets.toCommit()
      if (offset === undefined) continue
      this.#checkCommit(partition, offset)
      this.#committed[partition] = offset
      offsets.committed(offset)
    }
  }

  /** Everything before a committed offset that the ledger has was in the cache. */
  #checkCommit(partition: number, offset: number): void {
    if (this.#weather.failover) return
    for (const event of this.#topic[partition]!.slice(0, offset)) {
      if (!event || !this.#ledger.lanes[event.lane] || !this.#ledger.holds(event.lane, event)) continue
      if (Number(event.seq) > this.#everApplied[event.lane]!)
        this.#wrong ??= `committed past lane ${event.lane} seq ${event.seq}, which was never in the cache`
    }
  }

  /** What it has sent may still arrive. */
  #crash(processor: SimulatedProcessor): void {
    while (processor.steps.waiting.length > 0 && this.#random.next() < 0.5) this.#step(processor, 'reply lost')
    processor.steps.waiting.length = 0
    this.#processors = this.#processors.map(each => (each === processor ? this.#startProcessor() : each))
  }

  #check(): void {
    if (this.#cache.version === this.#checked) return
    this.#checked = this.#cache.version
    const hash = this.#cache.hash()
    for (let lane = 0; lane < LANES; lane++) {
      this.#everApplied[lane] = Math.max(this.#everApplied[lane]!, Number(hash[`applied:${lane}`]?.split(':')[0] ?? 0))
    }
    if (this.#weather.failover) return
    this.#wrong ??= unsafe(hash, this.#ledger, this.#cache.nowMs)
    const total = Number(hash['total'] ?? this.#leastTotal)
    if (total < this.#leastTotal) this.#wrong ??= `total fell from ${this.#leastTotal} to ${total}`
    this.#leastTotal = total
    this.#checkSpans()
  }

  /** A trace says of an event that it is in the cache only if it is, and once: no matter how often its record came. */
  #checkSpans(): void {
    for (const processor of this.#processors) {
      for (const { lane, tag, seq } of processor.takeProcessed()) {
        const event = `${tag}:${seq}`
        if (seq > this.#everApplied[lane]!) this.#wrong ??= `the trace of ${event} says that it was written, but it never was in the cache`
        const seen = this.#inTraces.get(processor) ?? new Set()
        // What the cache has lost may be written again.
        if (seen.has(event) && !this.#weather.ticks) this.#wrong ??= `the trace of ${event} says twice that it was written`
        this.#inTraces.set(processor, seen.add(event))
      }
    }
  }

  /** Every partition is assigned to one processor, and zombies notice. */
  #rebalance(): void {
    for (const processor of this.#processors) processor.assigned.clear()
    for (let partition = 0; partition < PARTITIONS; partition++) this.#join(this.#random.pick(this.#processors), partition)
  }

  /** Nothing fails any more, and time passes. */
  async #quiet(): Promise<void> {
    for (let round = 0; round < QUIET_ROUNDS && this.#wrong === undefined; round++) {
      if (round > 1 && this.#differences() === undefined) return

      this.#publishAll()
      for (const processor of this.#processors) {
        this.#tick(processor)
        for (let batch = 0; batch < 20; batch++) this.#consume(processor)
        await this.#finish(processor)
      }
      this.#time.advance(500)
    }
  }

  async #finish(processor: SimulatedProcessor): Promise<void> {
    for (let idle = 0; idle < 2 && this.#wrong === undefined;) {
      processor.catchUp()
      await settled()
      idle = processor.steps.waiting.length === 0 ? idle + 1 : 0
      this.#step(processor, 'answered')
      this.#check()
      this.#commit(processor)
    }
  }
}
