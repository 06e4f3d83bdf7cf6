import type { ListenerText } from './listener-texts.ts'

/** A listener that clients connect to. */
export interface ListenerSettings {
  /** In upper case. */
  readonly name: string
  /** Addresses to listen on, the same port on each; undefined: all IPv4 and IPv6 addresses. */
  readonly hosts: readonly (string | undefined)[]
  /** 0: any free port. */
  readonly port: number
  /** The address that clients get to connect to. No host: the address that the client connected to; port 0: the actual port of the listener. */
  readonly advertised: { readonly host: string | undefined; readonly port: number }
}

interface Texts {
  readonly listeners: readonly ListenerText[]
  readonly advertised: readonly ListenerText[] | undefined
  readonly protocols: ReadonlyMap<string, string>
  readonly controllers: readonly string[]
}

/** Addresses that mean all addresses of a machine: no client can connect to them. */
const EVERYWHERE = ['', '0.0.0.0', '::', '0:0:0:0:0:0:0:0']
const OPENED = 'PLAINTEXT'

/** The listeners to open, with the advertised address of each. `wrong` is called with a key and the error. */
export function resolveListeners(texts: Texts, wrong: (key: string, what: string) => void): readonly ListenerSettings[] {
  const controllers = texts.controllers.map(name => name.toUpperCase())
  const opened = texts.listeners.filter(({ name }) => !controllers.includes(name))
  if (opened.length === 0) wrong('listeners', `got ${namesOf(texts.listeners)}, expected one that is not in controller.listener.names`)
  for (const { name } of opened) checkProtocol(name, texts.protocols.get(name), wrong)
  checkAdvertised(texts, wrong)
  return opened.map(({ name, host, port }) => {
    const advertised = texts.advertised?.find(other => other.name === name)
    const reachable = EVERYWHERE.includes(host) ? undefined : host
    return { name, hosts: addressesOf(host), port, advertised: { host: advertised?.host ?? reachable, port: advertised?.port ?? port } }
  })
}

/** Both addresses of localhost, since clients try either first. */
function addressesOf(host: string): readonly (string | undefined)[] {
  if (host === '') return [undefined]
  return host.toLowerCase() === 'localhost' ? ['127.0.0.1', '::1'] : [host]
}

function checkProtocol(name: string, protocol: string | undefined, wrong: (key: string, what: string) => void): void {
  if (protocol === undefined)
    wrong('listener.security.protocol.map', `got no protocol for the listener ${name}, expected ${name}:${OPENED}`)
  else if (protocol !== OPENED)
    wrong('listeners', `got ${name} with the protocol ${protocol}, expected ${OPENED}: there is no TLS and no authentication`)
}

function checkAdvertised({ listeners, advertised = [] }: Texts, wrong: (key: string, what: string) => void): void {
  for (const { name, host } of advertised) {
    if (!listeners.some(listener => listener.name === name))
      wrong('advertised.listeners', `got ${name}, expected names of listeners: ${namesOf(listeners)}`)
    if (EVERYWHERE.includes(host))
      wrong('advertised.listeners', `got ${JSON.stringify(host)} as the host of ${name}, expected one that clients can connect to`)
  }
}

function namesOf(listeners: readonly ListenerText[]): string {
  return listeners.map(({ name }) => name).join(', ')
}
