import { expect, onTestFinished, test } from 'vitest'
import { LeaderWatch } from '../../../src/cli/rtt/leader-watch.ts'

type Places = Parameters<typeof watchOf>[0]

/** What a watch reports for these looks; the last one repeats. */
async function watchOf(looks: readonly (readonly (number | undefined)[] | Error)[]): Promise<readonly string[]> {
  const reports: string[] = []
  let turn = 0
  const watch = new LeaderWatch({
    places: async () => {
      const look = looks[Math.min(turn++, looks.length - 1)]!
      if (look instanceof Error) throw look
      return look.map((leader, partition) => ({ partition, leader }))
    },
    intervalMs: 1,
    onLeaders: leaders => reports.push([...leaders].map(([partition, leader]) => `p${partition}@${leader}`).join(' ')),
    onTrouble: reason => reports.push(reason ?? 'recovered'),
  })
  onTestFinished(() => watch.stop())
  await watch.start()
  await expect.poll(() => turn).toBeGreaterThan(looks.length)
  return reports
}

test('a watch of the leaders reports them at each look, without those that there are none of', async () => {
  expect(
    (
      await watchOf([
        [1, 2],
        [undefined, 3],
      ])
    ).slice(0, 2),
  ).toEqual(['p0@1 p1@2', 'p1@3'])
})

test('a watch of the leaders reports trouble once per reason, and its end', async () => {
  const looks: Places = [[1], new Error('ECONNREFUSED'), new Error('ECONNREFUSED'), [], [], [1]]
  expect((await watchOf(looks)).slice(0, 5)).toEqual(['p0@1', 'ECONNREFUSED', 'the topic does not exist', 'p0@1', 'recovered'])
})

test('a watch of the leaders does not start if the first look fails', async () => {
  await expect(watchOf([new Error('no broker')])).rejects.toThrow('no broker')
})
