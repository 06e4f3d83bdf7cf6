import type { AddressInfo, Server } from 'node:net'
import { InUseError, SettingsError } from './settings.ts'

export interface ListenOptions {
  /** 0: any free port. */
  readonly port: number
  /** Address to listen on; undefined: all. */
  readonly host?: string | undefined
  /** The setting that the port came from, for the message when it is taken. */
  readonly portSetting: string
  /** The setting that the host came from, likewise. Default: HOST. */
  readonly hostSetting?: string
}

/** Resolves with the port when the server listens. Throws `SettingsError` where another port or host would help. */
export function listen(server: Server, options: ListenOptions): Promise<number> {
  const { port, host } = options
  return new Promise((resolve, reject) => {
    const onError = (error: NodeJS.ErrnoException): void => reject(explained(error, options))
    server.once('error', onError)
    server.listen({ port, ...(host === undefined ? {} : { host }) }, () => {
      server.removeListener('error', onError)
      resolve((server.address() as AddressInfo).port)
    })
  })
}

function explained(error: NodeJS.ErrnoException, { port, host, portSetting, hostSetting = 'HOST' }: ListenOptions): Error {
  switch (error.code) {
    case 'EADDRINUSE':
      return new InUseError(`${portSetting}: got ${port}, which is taken, expected a free port`, { cause: error })
    case 'EACCES':
      return new SettingsError(`${portSetting}: got ${port}, which this user may not listen on, expected another, such as one above 1023`, { cause: error })
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
      return new SettingsError(`${hostSetting}: got ${JSON.stringify(host)}, expected an address of this machine`, { cause: error })
    default:
      return error
  }
}
