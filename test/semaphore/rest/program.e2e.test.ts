import { expect, test } from 'vitest'
import { callCli, startCli } from '../../cli/run-cli.ts'
import { run } from '../../server/http-fixture.ts'
import { keepLogsOnFailure } from '../../support/programs.ts'
import { startFlow } from '../flow/flow-fixture.ts'
import { semaphoreClient } from '../http-fixture.ts'

keepLogsOnFailure()

test("the original's curl commands and pingcli work against the program, from the request to the topic and back", async () => {
  await using flow = await startFlow()
  const url = flow.programs[0]!.url
  const post = async (path: string, ...more: readonly string[]) => {
    const { stdout } = await run('curl', ['-s', '-w', '%{http_code}', '--location', '--request', 'POST', url + path, ...more])
    const [, body = '', status] = /^([^]*)(\d{3})$/.exec(stdout) ?? []
    return { status: Number(status), json: JSON.parse(body) as Record<string, string> }
  }
  const random = await post('/command', '--header', 'Content-Type: text/plain', '--data-raw', 'This is a message.')
  expect(random.status).toBe(201)
  const { resourceId, commandId } = random.json
  expect(await flow.untilActionable(commandId!)).toMatchObject({ resource: resourceId, value: 'This is a message.', token: '1' })

  expect((await post('/command/r', '-H', 'command-id: a', '--data-raw', 'first')).status).toBe(201)
  expect((await post('/command/r', '-H', 'command-id: b', '--data-raw', 'second')).status).toBe(201)
  expect((await post('/command/r', '-H', 'command-id: b', '--data-raw', 'second')).status).toBe(200)
  const watch = startCli(['semaphore', 'watch', 'r', '--address', url])
  await watch.shows('running 1/1  waiting 1/1000  token 1  a#1\n')
  expect((await post('/event/r/a')).json).toEqual({ resourceId: 'r', commandId: 'a' })
  await watch.shows('running 1/1  waiting 0/1000  token 2  b#2\n')
  expect(await flow.untilActionable('b')).toMatchObject({ resource: 'r', value: 'second', token: '2' })
  expect(await flow.untilOutcome('a', 'finished')).toMatchObject({ token: '1' })
  watch.child.kill('SIGINT')

  const { code, stdout } = await callCli(['semaphore', 'queue', 'r', '--address', url])
  expect([code, stdout]).toEqual([0, expect.stringContaining('b        running      2')])
  expect(await semaphoreClient({ url }, 'gRPC').finish({ resourceId: 'r', commandId: 'b', token: 2n })).toMatchObject({ repeated: false })
  const { stdout: metrics } = await run('curl', ['-s', `${url}/metrics`])
  expect(metrics).toContain('semaphore_rpc_total{method="POST /command/{resourceId}",code="ok"} 3')
  expect([...new Set(flow.actionable.map(seen => seen.commandId))].toSorted()).toEqual(['a', 'b', commandId].toSorted())
})
