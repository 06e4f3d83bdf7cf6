import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { run } from '../server/http-fixture.ts'

const MAIN = fileURLToPath(new URL('../../processor/main.ts', import.meta.url))

test('the processor prints how to call it with --help', async () => {
  const { code, stdout, stderr } = await run(process.execPath, [MAIN, '--help'])
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^node processor\/main\.ts +run the processor\nnode processor\/main\.ts --help +print this\n$/)
})

test('the processor refuses unknown arguments', async () => {
  const stderr = 'argument: got "--helb", expected --help or nothing\n'
  expect(await run(process.execPath, [MAIN, '--helb'])).toEqual({ code: 2, stdout: '', stderr })
})
