import { ERROR } from '../errors.ts'
import type { Api } from '../wire/api.ts'
import { APIS } from '../wire/apis.ts'
import { apiVersions } from '../wire/tables/api-versions.ts'
import { WireError } from '../wire/wire-error.ts'
import { encodeResponse } from './encode-response.ts'
import type { Handler } from './handler.ts'

/** Valid names of client software. */
const SOFTWARE_NAME = /^[a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?$/
const FIRST_WITH_NAME = 3
const SUPPORTED = APIS.map(api => ({ apiKey: api.key, minVersion: api.announcedFrom, maxVersion: api.maxVersion }))

/** Lists the supported APIs. */
export function apiVersionsHandler(): Handler<typeof apiVersions> {
  return ({ clientSoftwareName, clientSoftwareVersion }, { version }) => {
    const isNamed = SOFTWARE_NAME.test(clientSoftwareName) && SOFTWARE_NAME.test(clientSoftwareVersion)
    if (version >= FIRST_WITH_NAME && !isNamed) return { errorCode: ERROR.INVALID_REQUEST, apiKeys: [] }
    return { errorCode: ERROR.NONE, apiKeys: SUPPORTED }
  }
}

/**
 * The response to a version that is not supported. Only ApiVersions has one, in the format of version 0, which every client can read. The
 * client then tries again with a version of the list. For any other API the connection is closed.
 */
export function refuseVersion(api: Api, version: number, correlationId: number): readonly Buffer[] {
  if (api !== apiVersions) {
    throw new WireError(`got a ${api.name} request of version ${version}, expected ${api.minVersion} to ${api.maxVersion}`)
  }
  return encodeResponse(apiVersions, 0, correlationId, { errorCode: ERROR.UNSUPPORTED_VERSION, apiKeys: SUPPORTED })
}
