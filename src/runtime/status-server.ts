import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { answerPage, send } from './answer-page.ts'
import { listen, type ListenOptions } from './listen.ts'
import type { Logger } from './logger.ts'
import type { Readiness } from './readiness.ts'
import { statusPages, type MetricsSource } from './status-pages.ts'

export interface StatusServerOptions extends ListenOptions {
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
  const { port, close } = await listen(server, options)
  return {
    port,
    stop: async () => {
      const closed = close()
      server.closeAllConnections()
      await closed
    },
  }
}

function notFound(request: IncomingMessage, response: ServerResponse, paths: readonly string[]): void {
  const body = `path: got ${JSON.stringify(request.url)}, expected one of ${paths.join(', ')}\n`
  send(request, response, { status: 404, type: 'text/plain; charset=utf-8', body })
}
