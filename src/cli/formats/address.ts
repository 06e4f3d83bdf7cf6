import type { Format } from './format.ts'

/** The address of a Ping server: http or https, host, port, and optionally a path before the service's name. No slash at its end. */
export const address: Format<string> = {
  expected: 'an address such as http://127.0.0.1:8080 or https://ping.example.com',
  parse: text => {
    const url = URL.parse(text)
    if (!url || !/^https?:\/\/./i.test(text) || !url.hostname) return undefined
    if (url.username || url.password || url.search || url.hash) return undefined
    return `${url.origin}${url.pathname}`.replace(/\/+$/, '')
  },
}
