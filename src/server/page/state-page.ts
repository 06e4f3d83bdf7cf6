import type { PageMaker } from '../../transport/http/pages/serve-page.ts'
import { stateJson } from './page-state.ts'
import type { PageStates } from './page-states.ts'

export const STATE_PATH = '/page/state'

/** The state of the live page as JSON, for viewers that poll. */
export function statePage(states: PageStates): PageMaker {
  return async () => ({
    status: 200,
    type: 'application/json',
    body: `${stateJson(await states.now())}\n`,
    headers: { 'cache-control': 'no-store' },
  })
}
