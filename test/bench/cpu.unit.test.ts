import { expect, test } from 'vitest'
import { cpuBetween, parseMachineTime, parseStat, readCpu, servesDatabase, shareOfOthers, treeTicks } from '../../bench/measuring/cpu.ts'

/** Two ticks: both readings are rounded. */
const TICK_SECONDS = 0.02

const stat = (pid: number, name: string, parent: number, ...times: readonly number[]): string =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194304 99 0 0 0 ${times.join(' ')} 20 0 1 0 141112`

test('the CPU time of a line of /proc/<pid>/stat includes children that have ended', () => {
  expect(parseStat(stat(12, 'node', 3, 100, 20, 3, 4))).toEqual({ pid: 12, parentPid: 3, ticks: 127, ownTicks: 120 })
})

test('a process name with blanks and brackets does not shift the fields of /proc/<pid>/stat', () => {
  expect(parseStat(stat(7, 'postgres: (a) b) S 9', 5, 1, 2, 0, 0))).toEqual({ pid: 7, parentPid: 5, ticks: 3, ownTicks: 3 })
})

test('a process tree is the process and its descendants, and no other process', () => {
  const processes = [
    { pid: 1, parentPid: 0, ticks: 1000 },
    { pid: 2, parentPid: 1, ticks: 1 },
    { pid: 3, parentPid: 2, ticks: 10 },
    { pid: 4, parentPid: 3, ticks: 100 },
    { pid: 5, parentPid: 1, ticks: 5000 },
  ]
  expect(treeTicks(processes, 2)).toBe(111)
  expect(treeTicks(processes, 6)).toBe(0)
})

test('the CPU time used is the difference of two readings, also for a tree that did not exist at the first', () => {
  expect(cpuBetween({ server: 1.5 }, { server: 4, kafka: 2 })).toEqual({ server: 2.5, kafka: 2 })
})

test.runIf(process.platform === 'linux')('the CPU time that is read for this process agrees with what Node reports', () => {
  const usedSeconds = (): number => (({ user, system }) => (user + system) / 1e6)(process.cpuUsage())
  const began = usedSeconds()
  const before = readCpu({ self: process.pid }) ?? {}
  const begun = usedSeconds()
  while (usedSeconds() - begun < 0.3);
  const ending = usedSeconds()
  const { self: used = 0 } = cpuBetween(before, readCpu({ self: process.pid }) ?? {})
  expect(used).toBeGreaterThan(ending - begun - TICK_SECONDS)
  expect(used).toBeLessThan(usedSeconds() - began + TICK_SECONDS)
})

test('the CPU time of Postgres includes processes that serve all databases, and excludes those that serve another one', () => {
  const titles = ['postgres: ping mine 127.0.0.1(5) idle', 'postgres: walwriter', 'postgres: autovacuum launcher', 'postgres: checkpointer']
  const others = [
    'postgres: ping other 127.0.0.1(50000) INSERT',
    'postgres: postgres mine2 ::1(5) idle',
    'postgres: autovacuum worker other',
    'postgres: autovacuum worker mine',
  ]
  expect([...titles, ...others].filter(title => servesDatabase(title, 'mine'))).toEqual(titles)
})

test('the share of other programs is the CPU time that this process and its descendants did not use', () => {
  const before = { ours: 1, ...parseMachineTime('cpu  100 0 100 300 100 0 0 0 0 0\ncpu0 1 1', 100) }
  const after = { ours: 2, ...parseMachineTime('cpu  250 10 180 450 100 5 5 0 0 0\n', 100) }
  expect(before).toEqual({ ours: 1, used: 2, all: 6 })
  expect(after).toEqual({ ours: 2, used: 4.5, all: 10 })
  expect(shareOfOthers(before, after)).toBeCloseTo(1.5 / 4, 9)
})
