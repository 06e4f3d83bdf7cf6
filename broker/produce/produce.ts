import { ERROR, HangUp, ProtocolError } from '../errors.ts'
import { checkBatch, compression, COMPRESSION, isTransactional } from '../records/batch.ts'
import type { Handler } from '../server/handler.ts'
import { checkWritable } from '../topics/names.ts'
import type { Topics } from '../topics/topics.ts'
import type { RequestOf, ResponseOf } from '../wire/api.ts'
import type { produce } from '../wire/tables/produce.ts'
import type { Appender } from './appender.ts'

type Request = RequestOf<typeof produce>
type TopicResponse = ResponseOf<typeof produce>['responses'][number]
type PartitionResponse = TopicResponse['partitionResponses'][number]

export interface ProduceOptions {
  readonly topics: Topics
  readonly appender: Appender
  /** Called for each batch that was appended. */
  readonly produced: (topic: string, records: number, bytes: number) => void
}

/** The acknowledgements that a producer may ask for: none (0) or one after the write. There is one replica, so 1 and -1 are the same. */
const ACKS = [-1, 0, 1]

export function produceHandler(options: ProduceOptions): Handler<typeof produce> {
  return (request, { version }) => {
    const refusal = refused(request)
    const topics = request.topicData.map(({ name, partitionData }) => ({
      name,
      answers: partitionData.map(partition => answerPartition(options, { topic: name, version, refusal }, partition)),
    }))
    const finish = (responses: readonly TopicResponse[]): ResponseOf<typeof produce> | undefined =>
      request.acks === 0 ? silence(responses) : { responses }
    if (topics.every(({ answers }) => answers.every(isNow)))
      return finish(topics.map(({ name, answers }) => ({ name, partitionResponses: answers.filter(isNow) })))
    // oxlint-disable-next-line typescript/await-thenable -- some of the answers are promises
    return Promise.all(topics.map(async ({ name, answers }) => ({ name, partitionResponses: await Promise.all(answers) }))).then(finish)
  }
}

function isNow(answer: PartitionResponse | Promise<PartitionResponse>): answer is PartitionResponse {
  return !(answer instanceof Promise)
}

/** The error of the whole request, if any. */
function refused({ acks, transactionalId }: Request): ProtocolError | undefined {
  if (!ACKS.includes(acks)) return new ProtocolError(ERROR.INVALID_REQUIRED_ACKS, `acks: got ${acks}, expected -1, 0 or 1`)
  if (transactionalId !== null) return transactional()
  return undefined
}

interface Circumstances {
  readonly topic: string
  readonly version: number
  /** The reason to refuse every batch of the request. */
  readonly refusal: ProtocolError | undefined
}

function answerPartition(
  { topics, appender, produced }: ProduceOptions,
  { topic, version, refusal }: Circumstances,
  { index, records }: Request['topicData'][number]['partitionData'][number],
): PartitionResponse | Promise<PartitionResponse> {
  try {
    if (refusal) throw refusal
    checkWritable(topic)
    const log = topics.partition(topic, index)
    if (records === null) throw new ProtocolError(ERROR.INVALID_RECORD, 'records: got none, expected one batch')
    const { recordCount } = checkBatch(records)
    checkOffered(records, version)
    const { baseOffset, logAppendTime, isDuplicate } = appender.append(log, records)
    if (!isDuplicate) produced(topic, recordCount, records.length)
    const done = { index, errorCode: ERROR.NONE, baseOffset, logAppendTimeMs: logAppendTime, logStartOffset: log.startOffset }
    return (
      appender.flushed(log)?.then(
        () => done,
        (error: unknown) => failed(index, error),
      ) ?? done
    )
  } catch (error) {
    return failed(index, error)
  }
}

/** Requests of earlier versions may not contain batches compressed by zstd. */
const FIRST_WITH_ZSTD = 7

function checkOffered(batch: Buffer, version: number): void {
  if (isTransactional(batch, 0)) throw transactional()
  if (compression(batch, 0) === COMPRESSION.zstd && version < FIRST_WITH_ZSTD) {
    throw new ProtocolError(
      ERROR.UNSUPPORTED_COMPRESSION_TYPE,
      `compression of a batch: got zstd in version ${version} of the request, expected version ${FIRST_WITH_ZSTD} or later`,
    )
  }
}

function transactional(): ProtocolError {
  return new ProtocolError(
    ERROR.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
    'got records of a transaction; this broker does not support transactions',
  )
}

function failed(index: number, error: unknown): PartitionResponse {
  if (!(error instanceof ProtocolError)) throw error
  return { index, errorCode: error.code, errorMessage: error.message, baseOffset: -1n, logStartOffset: -1n }
}

/** For a producer that wants no responses, the only sign of an error is that its connection is closed. */
function silence(responses: readonly TopicResponse[]): undefined {
  const errors = responses.flatMap(({ name, partitionResponses }) =>
    partitionResponses
      .filter(({ errorCode }) => errorCode !== ERROR.NONE)
      .map(({ index, errorMessage }) => `${name}-${index}: ${errorMessage}`),
  )
  if (errors.length > 0) throw new HangUp(`${errors.length} batches with acks=0 were refused, for example ${errors[0]}`)
}
