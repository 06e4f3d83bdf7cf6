import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { answerPage, send } from './answer-page.ts'
import { listen, type ListenOptions } from './listen.ts'
import type { Logger } from './logger.ts'
import type { Readiness } from './readiness.ts'
import { pathOf, requestTarget } from './request-target.ts'
import { shownText } from './shown-text.ts'
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

/** Serves `/livez`, `/readyz` and `/metrics` of a program without another HTTP port. */
export async function startStatusServer(options: StatusServerOptions): Promise<StatusServer> {
  const pages = statusPages(options.readiness, options.metrics)
  const server = createServer((request, response) => {
    const path = pathOf(requestTarget(request.url ?? '') ?? '')
    const page = pages.get(path)
    if (page === undefined) return notFound(request, response, path, [...pages.keys()])
    page().then(
      made => answerPage(request, response, made),
      (error: unknown) => {
        options.log.error({ err: error }, 'status page failed')
        response.writeHead(500).end()
      },
    )
  })
  // A caller that has closed its side of the connection still gets its answer. Not in Node's types.
  Object.assign(server, { httpAllowHalfOpen: true })
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

function notFound(request: IncomingMessage, response: ServerResponse, path: string, paths: readonly string[]): void {
  const body = `path: got ${shownText(path)}, expected one of ${paths.join(', ')}\n`
  send(request, response, { status: 404, type: 'text/plain; charset=utf-8', body })
}
