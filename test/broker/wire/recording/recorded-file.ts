/** The bytes of a request and its response, without their lengths. */
export interface Exchange {
  /** The API's name. */
  readonly api: string
  readonly version: number
  readonly request: Buffer
  readonly response: Buffer
}

/** Maximum number of exchanges of one version: the shortest, and another one of a different length. */
const KEPT_EACH = 2
const MAX_BYTES = 1500

/** A file of exchanges with three lines each: the API and its version, the request, the response. */
export function writeRecorded(title: string, exchanges: readonly Exchange[]): string {
  const groups = Map.groupBy(exchanges, ({ api, version }) => `${api} ${version}`)
  const kept = [...groups].toSorted(([a], [b]) => a.localeCompare(b, 'en', { numeric: true })).flatMap(([, group]) => choose(group))
  const blocks = kept.map(
    ({ api, version, request, response }) => `${api} ${version}\n${request.toString('hex')}\n${response.toString('hex')}\n`,
  )
  return `# ${title}\n${blocks.join('')}`
}

function choose(group: readonly Exchange[]): readonly Exchange[] {
  const size = ({ request, response }: Exchange) => request.length + response.length
  const bySize = group.toSorted((a, b) => size(a) - size(b))
  const short = bySize.filter(exchange => size(exchange) < MAX_BYTES)
  if (short.length === 0) return bySize.slice(0, 1)
  const longest = short.at(-1)!
  return [...short.slice(0, KEPT_EACH - 1), ...(size(longest) > size(short[0]!) ? [longest] : [])]
}

export function readRecorded(text: string): { title: string; exchanges: Exchange[] } {
  const [title = '', ...lines] = text.trimEnd().split('\n')
  const exchanges: Exchange[] = []
  for (let at = 0; at < lines.length; at += 3) {
    const [head = '', request = '', response = ''] = lines.slice(at, at + 3)
    const [api = '', version] = head.split(' ')
    exchanges.push({ api, version: Number(version), request: Buffer.from(request, 'hex'), response: Buffer.from(response, 'hex') })
  }
  return { title: title.slice(2), exchanges }
}
