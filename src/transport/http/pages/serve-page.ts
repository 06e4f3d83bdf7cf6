import type { ServerResponse } from 'node:http'
import { answerPage, type HttpRequest, type HttpResponse } from '../../../runtime/answer-page.ts'
import type { Logger } from '../../../runtime/logger.ts'
import type { Page } from '../../../runtime/status-pages.ts'
import { pageRequest, type PageRequest } from './page-request.ts'
import { unlessModified } from './unless-modified.ts'

/** Makes the page that a request gets. Undefined: the path has none for this caller. */
export type PageMaker = (request: PageRequest) => Promise<Page | undefined>

export interface ServePageOptions {
  readonly log: Logger
  /** Answers a request that the page is not for. */
  readonly otherwise: () => void
}

/** Answers a request for a page. Never rejects. */
export async function servePage(
  make: PageMaker,
  path: string,
  request: HttpRequest,
  response: HttpResponse,
  { log, otherwise }: ServePageOptions,
): Promise<void> {
  try {
    const asked = pageRequest(request, path)
    const page = await make(asked)
    if (page === undefined) {
      // Another caller gets the page.
      ;(response as ServerResponse).appendHeader('vary', 'accept')
      otherwise()
    } else answerPage(request, response, unlessModified(page, asked))
  } catch (error) {
    log.error({ err: error, path }, 'could not create the page')
    response.destroy()
  }
}
