import { Worker } from 'node:worker_threads'
import { expect, test } from 'vitest'
import { cpuBetween, parseMachineTime, parseStat, readCpu, shareOfOthers, treeTicks } from '../../bench/cpu.ts'

const stat = (pid: number, name: string, parent: number, ...times: readonly number[]): string =>
  `${pid} (${name}) S ${parent} 1 1 0 -1 4194304 99 0 0 0 ${times.join(' ')} 20 0 1 0 141112`

test('a line of /proc/<pid>/stat gives the CPU time of the process and of its ended children', () => {
  expect(parseStat(stat(12, 'node', 3, 100, 20, 3, 4))).toEqual({ pid: 12, parentPid: 3, ticks: 127, ownTicks: 120 })
})

test('a name with blanks and brackets does not shift the fields', () => {
  expect(parseStat(stat(7, 'postgres: (a) b) S 9', 5, 1, 2, 0, 0))).toEqual({ pid: 7, parentPid: 5, ticks: 3, ownTicks: 3 })
})

test('a tree is the process with all below it and nothing beside it', () => {
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

test('what was used is the difference, also by a tree that was not there before', () => {
  expect(cpuBetween({ server: 1.5 }, { server: 4, kafka: 2 })).toEqual({ server: 2.5, kafka: 2 })
})

test.runIf(process.platform === 'linux')('the CPU time of this process agrees with what it knows itself', () => {
  const before = readCpu({ self: process.pid }) ?? {}
  const known = process.cpuUsage()
  const usedMs = (): number => (process.cpuUsage(known).user + process.cpuUsage(known).system) / 1000
  while (usedMs() < 300);
  const used = cpuBetween(before, readCpu({ self: process.pid }) ?? {})
  expect(used['self']).toBeCloseTo(usedMs() / 1000, 1)
})

test.runIf(process.platform === 'linux')('a named thread is told apart from its process', async () => {
  const name = 'a-busy-worker-with-a-long-name'
  const busy = "while (process.threadCpuUsage().user < 2e5); require('node:worker_threads').parentPort.postMessage('done'); setTimeout(() => 0, 1e6)"
  const worker = new Worker(busy, { eval: true, name })
  await new Promise(resolve => worker.once('message', resolve))
  const whole = readCpu({ self: process.pid }) ?? {}
  const parts = readCpu({ self: process.pid }, { busy: { process: 'self', thread: name }, absent: { process: 'self', thread: 'nobody' } }) ?? {}
  await worker.terminate()
  expect(parts['busy']).toBeGreaterThan(0.15)
  expect(parts['absent']).toBe(0)
  expect((parts['self'] ?? 0) + (parts['busy'] ?? 0)).toBeCloseTo(whole['self'] ?? 0, 1)
})

test('what others used of the machine is what was used and not by us', () => {
  const before = { ours: 1, ...parseMachineTime('cpu  100 0 100 300 100 0 0 0 0 0\ncpu0 1 1', 100) }
  const after = { ours: 2, ...parseMachineTime('cpu  250 10 180 450 100 5 5 0 0 0\n', 100) }
  expect(before).toEqual({ ours: 1, used: 2, all: 6 })
  expect(after).toEqual({ ours: 2, used: 4.5, all: 10 })
  expect(shareOfOthers(before, after)).toBeCloseTo(1.5 / 4, 9)
})
