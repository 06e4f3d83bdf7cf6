import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { answerPage, send } from './answer-page.ts'
import type { Logger } from './logger.ts'
import type { Readiness } from './readiness.ts'
import { statusPages, type MetricsSource } from './status-pages.ts'

export interface StatusServerOptions {
  /** 0: any free port. */
  readonly port: number
  /** Address to listen on; undefined: all. */
  readonly host?: string | undefined
  readonly readiness: Readiness
  readonly metrics: MetricsSource
  readonly log: Logger
}

export interface StatusServer {
  readonly port: number
  stop(): Promise<void>
}

/** Serves `/livez`, `/readyz` and `/metrics` of a program that has no other port. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const pages = statusPages(options.readiness, options.metrics)
  const server = createServer((request, response) => {
    const page = pages.get((request.url ?? '').split('?', 1)[0] ?? '')
    if (page === undefined) return notFound(request, response, [...pages.keys()])
    page().then(
      made => answerPage(request, response, made),
      (error: unknown) => {
        options.log.error({ err: error }, 'status page failed')
        response.writeHead(500).end()
      },
    )
  })
  await listen(server, options.port, options.host)
  return { port: (server.address() as AddressInfo).port, stop: () => close(server) }
}

function notFound(request: IncomingMessage, response: ServerResponse, paths: readonly string[]): void {
  const body = `path: got ${JSON.stringify(request.url)}, expected one of ${paths.join(', ')}\n`
  send(request, response, { status: 404, type: 'text/plain; charset=utf-8', body })
}

/** Resolves when the server listens; rejects when it cannot, such as with EADDRINUSE. */
export function listen(server: Server, port: number, host: string | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.removeListener('error', reject)
      resolve()
    })
  })
}

async function close(server: Server): Promise<void> {
  await new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}
