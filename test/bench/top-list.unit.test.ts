import { expect, test } from 'vitest'
import { topList } from '../../bench/profile/top-list.ts'

const ROOT = 'file:///home/me/ping'
const frame = (functionName: string, url = '', lineNumber = 0) => ({ functionName, url, lineNumber })
const frames = [
  frame('(root)'),
  frame('(idle)'),
  frame('handle', `${ROOT}/src/transport/rpc/call.ts`, 9),
  frame('emit', 'node:events', 400),
  frame('toBinary', `${ROOT}/node_modules/@bufbuild/protobuf/dist/esm/to-binary.js`, 4),
  frame('(garbage collector)'),
  frame('writev'),
]
/** Samples by the number of their frame, each with its µs. */
const profile = (...samples: readonly (readonly [frame: number, us: number])[]) => ({
  nodes: frames.map((callFrame, index) => ({ id: index + 10, callFrame })),
  samples: samples.map(([index]) => index + 10),
  timeDeltas: samples.map(([, us]) => us),
})

test('the top list gives a function the time of all its samples, and does not count idle time', () => {
  const { busyUs, functions } = topList(profile([2, 5], [1, 1000], [3, 20], [2, 30]), { root: ROOT })
  expect(busyUs).toBe(55)
  expect(functions).toEqual([
    { what: 'handle src/transport/rpc/call.ts:10', us: 35 },
    { what: 'emit node:events', us: 20 },
  ])
})

test('the top list groups functions by npm package, by folder of Ping and by part of Node', () => {
  const { packages } = topList(profile([2, 6], [3, 5], [4, 4], [5, 3], [6, 2]), { root: ROOT })
  expect(packages.map(({ what }) => what)).toEqual([
    'src/transport/rpc',
    'node:events',
    '@bufbuild/protobuf',
    'garbage collection',
    'Node, in C++',
  ])
})

test('the top list is cut to its length, and the rest still counts as busy', () => {
  const { busyUs, functions } = topList(profile([2, 1], [3, 2], [4, 3]), { root: ROOT, length: 1 })
  expect([busyUs, functions]).toEqual([6, [{ what: 'toBinary @bufbuild/protobuf/dist/esm/to-binary.js:5', us: 3 }]])
})

test('the top list ignores samples within the skipped time', () => {
  expect(topList(profile([2, 10], [1, 5], [3, 7], [4, 8]), { root: ROOT, skipUs: 16 })).toMatchObject({ busyUs: 15 })
  expect(topList(profile([2, 10], [1, 5], [3, 7], [4, 8]), { root: ROOT, skipUs: 22 })).toMatchObject({ busyUs: 8 })
})
