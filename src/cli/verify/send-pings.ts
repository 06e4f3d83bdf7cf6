import { callUntilAnswered } from '../client/call-until-answered.ts'
import type { PingClient } from '../client/ping-client.ts'
import type { Context } from '../context.ts'
import { conclude } from '../run/conclude.ts'
import { PingRun, type RunPlan } from '../run/ping-run.ts'
import { callSenders } from '../run/senders.ts'

const CONCURRENT = 16

/**
 * Records pings through the server, and says which are missing from the exact count right after; empty: none.
 * Other clients may ping at the same time. Throws `CliError` if a ping is not acknowledged.
 */
export async function sendPings(client: PingClient, pings: number, context: Context): Promise<readonly string[]> {
  const { timeoutMs, interrupt } = context
  const plan: RunPlan = { pings, batch: 1, timestampMs: undefined, perSecond: undefined, timeoutMs }
  const before = await strongCount(client, context)
  const result = await new PingRun(plan, { senders: callSenders(client, Math.min(CONCURRENT, pings)), interrupt }).run()
  conclude({ pings, timestampMs: undefined }, result, context)
  const after = await strongCount(client, context)
  if (after >= before + BigInt(pings)) return []
  return [
    `total: the strong count was ${before}, then ${pings} pings were acknowledged, and now it is ${after}, expected at least ${before + BigInt(pings)}`,
  ]
}

async function strongCount(client: PingClient, { timeoutMs, interrupt }: Context): Promise<bigint> {
  const { value } = await callUntilAnswered(call => client.count({ range: undefined, strong: true }, call), { timeoutMs, interrupt })
  return value.count
}
