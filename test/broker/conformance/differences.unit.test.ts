import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { DIFFERENCES } from './differences.ts'
import { readRecording } from './recordings.ts'

test('docs/broker.md lists exactly the allowed differences from Kafka', () => {
  const page = readFileSync(new URL('../../../docs/broker.md', import.meta.url), 'utf8')
  const section = /### Differences from Apache Kafka[^]*?\n\n([^]*?)\n\n## /.exec(page)?.[1] ?? ''
  const listed = section
    .split('\n')
    .filter(line => line.startsWith('- '))
    .map(line => line.slice(2))
  expect(listed).toEqual([...new Set(DIFFERENCES.map(({ reason }) => reason))])
})

test.each(DIFFERENCES.map(difference => [difference.steps.join(', '), difference] as const))(
  'the difference in "%s" is one of recorded steps',
  (_, { chapter, steps, ours }) => {
    const recording = readRecording(chapter)
    expect(Object.keys(recording)).toEqual(expect.arrayContaining([...steps]))
    // A difference that no longer exists must be removed from the list.
    for (const step of steps) expect(JSON.parse(JSON.stringify(ours(structuredClone(recording[step]))))).not.toEqual(recording[step])
  },
)
