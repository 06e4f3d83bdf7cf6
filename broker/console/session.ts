import type { Logger } from '../../src/runtime/logger.ts'
import { ProtocolError } from '../errors.ts'
import type { Topics } from '../topics/topics.ts'
import { LineError, parseCommand, type Command } from './commands.ts'
import { TOO_LONG } from './lines.ts'
import type { Lent } from './partition-queue.ts'
import type { Positions } from './positions.ts'
import { unknownTopic, type Publisher } from './publisher.ts'
import type { Queues } from './queues.ts'
import { BYE, EMPTY, errorLine, HELP, messageLine, OK, shown } from './replies.ts'

export interface SessionOptions {
  readonly topics: Pick<Topics, 'get' | 'all'>
  readonly publisher: Publisher
  readonly queues: Queues
  readonly positions: Positions
  /** The topic of lines without a topic. */
  readonly topic: string
  /** The group of lines without a group. */
  readonly group: string
  readonly maxLineBytes: number
  readonly log: Logger
}

/** One line, without its end. */
export interface Reply {
  readonly line: string | Buffer
  /** The connection must be closed after this line. */
  readonly isLast?: boolean
}

/** One client's commands, one at a time, and the message that it has not finished yet. */
export class Session {
  readonly #options: SessionOptions
  readonly #number: number
  #lent: Lent | undefined

  /** `number`: the client's, counted from 0. */
  constructor(options: SessionOptions, number: number) {
    this.#options = options
    this.#number = number
  }

  /** Executes a line and answers with exactly one line, even on failure. Any line confirms the previous message. */
  answer(line: Buffer | typeof TOO_LONG): Reply | Promise<Reply> {
    this.#done()
    try {
      if (line === TOO_LONG) throw new LineError(`line: got more than ${this.#options.maxLineBytes} bytes, the maximum (message.max.bytes)`)
      const answer = this.#command(parseCommand(line))
      return answer instanceof Promise ? answer.catch((error: unknown) => this.#failed(error)) : answer
    } catch (error) {
      return this.#failed(error)
    }
  }

  /** The client has disconnected: its unfinished message goes to the next reader. */
  end(): void {
    this.#lent?.from.giveBack(this.#lent)
    this.#lent = undefined
  }

  #command(command: Command): Reply | Promise<Reply> {
    switch (command.kind) {
      case 'publish': {
        const flushed = this.#options.publisher.publish(command.topic, command.text, this.#number)
        return flushed === undefined ? { line: OK } : flushed.then(() => ({ line: OK }))
      }
      case 'consume':
        return { line: this.#consume(command.topic, command.group) }
      case 'topics':
        return {
          line:
            this.#options.topics
              .all()
              .map(({ name }) => name)
              .join(' ') || EMPTY,
        }
      case 'help':
        return { line: HELP }
      case 'quit':
        return { line: BYE, isLast: true }
    }
  }

  #consume(name: string | undefined, group = this.#options.group): string | Buffer {
    const { topics, queues, positions } = this.#options
    const topic = topics.get(name ?? this.#options.topic)
    if (topic === undefined) {
      // The console's own topic is created by its first line.
      if (name === undefined || name === this.#options.topic) return EMPTY
      throw unknownTopic(name)
    }
    if (positions.hasMembers(group))
      throw new LineError(`group: got ${shown(group)}, which has Kafka clients as members, expected a group without any`)
    this.#lent = queues.lend(topic, group)
    if (this.#lent === undefined) return EMPTY
    const { offset, value, problem } = this.#lent.message
    return problem === undefined
      ? messageLine(value)
      : errorLine(`messages of ${topic.name} from offset ${offset} cannot be read and are skipped: ${problem}`)
  }

  #done(): void {
    const lent = this.#lent
    this.#lent = undefined
    try {
      lent?.from.done(lent)
    } catch (error) {
      this.#options.log.error(
        { err: error },
        'the position of a group could not be stored; after a restart its last messages are delivered again',
      )
    }
  }

  #failed(error: unknown): Reply {
    if (error instanceof LineError || error instanceof ProtocolError) return { line: errorLine(error.message) }
    this.#options.log.error({ err: error }, 'a line of the console failed')
    return { line: errorLine('the broker failed; its log has the reason') }
  }
}
