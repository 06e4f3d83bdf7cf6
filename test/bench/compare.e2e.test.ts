import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { atDepth } from '../support/depth.ts'

/** The kills and the outage wait for sessions of Kafka to end. `test/faults/kill` has them at both depths. */
const ARGS = atDepth({ normally: ['--quick'], thoroughly: [] })

test('npm run compare shows that the plain way counts retries twice and loses the cache, and that Ping does not', async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ['bench/compare/main.ts', ...ARGS])
  const row = (title: string): readonly string[] =>
    stdout
      .split('\n')
      .find(line => line.startsWith(title))!
      .slice(title.length)
      .trim()
      .split(/ {2,}/)
  expect(row('pings, and nothing fails')).toEqual(['300', '300', '300', '300', '300'])
  expect(row('the answers to 60 pings are lost')).toEqual(['360', '420 (+60)', '420 (+60)', '360', '360'])
  const last = row('100 pings of yesterday arrive')
  expect(last.slice(-2)).toEqual([last[0], last[0]])
  expect(last[2]).toContain('−')
}, 180_000)
