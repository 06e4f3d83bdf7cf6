import { connectRequest, HttpConnection } from './http-connection.ts'
import { bodyOf } from './response-reader.ts'

/** An answer of PingCount. */
export interface AskedCount {
  readonly count: number
  readonly source: string
}

/** Asks for one count on a new connection. `message` is a PingCountRequest as JSON. */
export async function askCount(port: number, message: object): Promise<AskedCount> {
  const connection = await HttpConnection.open(port)
  try {
    return await askCountOn(connection, connectRequest('PingCount', message))
  } finally {
    connection.close()
  }
}

/** Asks with a prepared request on an open connection. */
export async function askCountOn(connection: HttpConnection, request: Buffer): Promise<AskedCount> {
  const answer = await connection.ask(request)
  const body = bodyOf(answer)
  if (answer.status !== 200) throw new Error(`PingCount: expected 200, got ${answer.status} ${body}`)
  const { pingCount = '0' } = JSON.parse(body) as { pingCount?: string }
  return { count: Number(pingCount), source: SOURCE.exec(answer.head)?.[1] ?? 'unknown' }
}

const SOURCE = /\r\nping-count-source: *(\w+)/i
