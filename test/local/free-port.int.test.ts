import { execFile } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'

const FREE_PORT = join(import.meta.dirname, '..', '..', 'local', 'launch', 'free-port.ts')
const PROCESSES = 3
const PORTS = 120

/** Takes ports, prints them, and runs until its input ends. */
const TAKE = `
const { freePort } = await import(process.argv[1])
const ports = []
while (ports.length < ${PORTS}) ports.push(await freePort())
console.log(JSON.stringify(ports))
process.stdin.resume()
`

test('processes that run at the same time never get the same free port', async () => {
  const run = promisify(execFile)
  const runs = Array.from({ length: PROCESSES }, () => run(process.execPath, ['--input-type=module', '-e', TAKE, FREE_PORT]))
  await Promise.all(runs.map(({ child }) => once(child.stdout!, 'data')))
  for (const { child } of runs) child.stdin!.end()
  const ports = (await Promise.all(runs)).flatMap(({ stdout }) => JSON.parse(stdout) as number[])
  expect(new Set(ports).size).toBe(PROCESSES * PORTS)
})
