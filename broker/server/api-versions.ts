import { ERROR } from '../errors.ts'
import type { Api } from '../wire/api.ts'
import { apiVersions } from '../wire/tables/api-versions.ts'
import { WireError } from '../wire/wire-error.ts'
import { encodeAnswer } from './encode-answer.ts'
import { answer, type Answer } from './handler.ts'

/** What clients may call themselves. */
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const FIRST_WITH_NAME = 3

/** Lists what is offered. `apis` is asked at each call, since the list holds this API too. */
export function apiVersionsAnswer(apis: () => readonly Api[]): Answer {
  return answer(apiVersions, ({ clientSoftwareName, clientSoftwareVersion }, { version }) => {
    const isNamed = SOFTWARE_NAME.test(clientSoftwareName) && SOFTWARE_NAME.test(clientSoftwareVersion)
    if (version >= FIRST_WITH_NAME && !isNamed) return { errorCode: ERROR.INVALID_REQUEST, apiKeys: [] }
    return { errorCode: ERROR.NONE, apiKeys: offered(apis()) }
  })
}

/**
 * The answer to a version that is not offered. Only ApiVersions has one, in the format of version 0, which every client can read: it tries
 * again with what the list says. For any other API the connection is closed.
 */
export function refuseVersion(api: Api, version: number, correlationId: number, apis: readonly Api[]): readonly Buffer[] {
  if (api !== apiVersions) {
    throw new WireError(`got a ${api.name} request of version ${version}, expected ${api.minVersion} to ${api.maxVersion}`)
  }
  return encodeAnswer(apiVersions, 0, correlationId, { errorCode: ERROR.UNSUPPORTED_VERSION, apiKeys: offered(apis) })
}

function offered(apis: readonly Api[]): { apiKey: number; minVersion: number; maxVersion: number }[] {
  return apis
    .toSorted((a, b) => a.key - b.key)
    .map(api => ({ apiKey: api.key, minVersion: api.announcedFrom ?? api.minVersion, maxVersion: api.maxVersion }))
}
