import { describe, expect, test } from 'vitest'
import { isBlank, partLine } from '../../local/part-line.ts'
import { RepeatFilter } from '../../local/repeat-filter.ts'

const warning =
  '{"level":40,"time":1,"pid":2,"hostname":"h","name":"ping-server","lane":3,"err":{"message":"refused","stack":"s"},"msg":"kafka is down"}'

describe("a part's line in the terminal", () => {
  test("begins with the part's name, and a line of Ping's own logs is readable", () => {
    expect(partLine('server', warning, false)).toBe('server    | warn kafka is down lane=3 err="refused"\n')
    expect(partLine('kafka', 'plain', true)).toBe('\u001b[35mkafka     |\u001b[0m plain\n')
    expect(partLine('server', '{"level":40, no JSON', false)).toBe('server    | {"level":40, no JSON\n')
  })

  test('is blank if it contains only spaces and colours', () => {
    expect([' ', '\u001b[0m', '\u001b[33m \u001b[m'].map(isBlank)).toEqual([true, true, true])
    expect(isBlank('\u001b[33mWARN\u001b[m')).toBe(false)
  })

  test('is hidden if the same warning was shown within 10 s, and shown in every other case', () => {
    const filter = new RepeatFilter()
    const info = warning.replace('40', '30')
    const repeated = [0, 9_999, 10_000].map(nowMs => filter.isRepeated('server', warning, nowMs))
    expect(repeated).toEqual([false, true, false])
    expect(filter.isRepeated('processor', warning, 1)).toBe(false)
    expect([filter.isRepeated('server', info, 1), filter.isRepeated('server', info, 1)]).toEqual([false, false])
  })
})
