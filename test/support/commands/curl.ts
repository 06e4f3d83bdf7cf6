import { parseArgs } from 'node:util'

/** As much of curl as the lines use that Ping prints and documents, for machines that have none. */
const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    header: { type: 'string', short: 'H', multiple: true, default: [] },
    location: { type: 'boolean', short: 'L' },
    request: { type: 'string', short: 'X' },
    data: { type: 'string', short: 'd' },
    'data-raw': { type: 'string' },
    json: { type: 'string' },
    silent: { type: 'boolean', short: 's' },
    'show-error': { type: 'boolean', short: 'S' },
    'write-out': { type: 'string', short: 'w', default: '' },
    fail: { type: 'boolean', short: 'f' },
  },
})

/** `[1-3]` in an address is one request for each number. */
const urls = positionals.flatMap(url => {
  const [range, from, to] = /\[(\d+)-(\d+)\]/.exec(url) ?? []
  if (range === undefined) return [url]
  return Array.from({ length: Number(to) - Number(from) + 1 }, (_, index) => url.replace(range, String(Number(from) + index)))
})
const headers = new Headers(values.header.map(header => header.split(/: */, 2) as [string, string]))
if (values.json !== undefined) headers.set('content-type', 'application/json')
else if (values.data !== undefined && !headers.has('content-type')) headers.set('content-type', 'application/x-www-form-urlencoded')
const body = values.json ?? values.data ?? values['data-raw']

for (const url of urls) {
  const answer = await fetch(/^https?:/.test(url) ? url : `http://${url}`, {
    headers,
    ...(body !== undefined && { method: values.request ?? 'POST', body }),
  })
  if (values.fail && !answer.ok) process.exit(22)
  process.stdout.write((await answer.text()) + values['write-out'].replaceAll('%{http_code}', String(answer.status)))
}
