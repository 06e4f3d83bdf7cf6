import { isIP, SocketAddress } from 'node:net'
import type { Setting } from './settings.ts'

/** Both, because some clients try one first and some the other. */
export const LOCALHOST: readonly string[] = ['127.0.0.1', '::1']

/** `HOST`: the addresses to listen on; undefined: all. Host names are refused, because shells and build tools set HOST to one. */
export function hostSetting<T extends readonly string[] | undefined>(options: {
  help: string
  fallback: T
}): Setting<readonly string[] | T> {
  return {
    ...options,
    env: 'HOST',
    secret: false,
    expected:
      'IP addresses of this machine, separated by commas; localhost is 127.0.0.1,::1; 0.0.0.0 or :: means every address of its family and excludes others of that family',
    parse: addressesOf,
  }
}

function addressesOf(text: string): readonly string[] | undefined {
  const addresses: string[] = []
  for (const item of text.split(',').map(item => item.trim())) {
    const found = item.toLowerCase() === 'localhost' ? LOCALHOST : addressOf(item)
    if (found === undefined) return undefined
    addresses.push(...found)
  }
  const distinct = [...new Set(addresses)]
  return EVERY.every(every => !distinct.includes(every) || isAloneOfItsKind(every, distinct)) ? distinct : undefined
}

const EVERY = ['0.0.0.0', '::']

function isAloneOfItsKind(address: string, all: readonly string[]): boolean {
  return all.filter(other => isIP(other) === isIP(address)).length === 1
}

/** The address in its canonical form; undefined if it is not an address. */
function addressOf(item: string): readonly string[] | undefined {
  const plain = item.replace(/^\[(.*)\]$/, '$1')
  const family = isIP(plain)
  if (family !== 6) return family === 4 ? [plain] : undefined
  const [address = '', ...zone] = plain.split('%')
  return [[new SocketAddress({ address, family: 'ipv6' }).address, ...zone].join('%')]
}
