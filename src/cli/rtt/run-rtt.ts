import { createKafka } from '../../kafka/kafka.ts'
import { kafkaSettings, topicSettings } from '../../kafka/settings.ts'
import { within } from '../../runtime/wait.ts'
import type { Context } from '../context.ts'
import { CliError, EXIT, type ExitCode } from '../exit-codes.ts'
import { silentLog } from '../stores/silent-log.ts'
import { exitCodeOf } from './exit-code.ts'
import { unusable } from './measured-topic.ts'
import { hasHandshake, type RttPlan } from './plan.ts'
import { ProbeSessions } from './probe-sessions.ts'
import { Reporter } from './reporter.ts'
import { CLIENT_ID, Road } from './road.ts'
import { RttRun } from './rtt-run.ts'
import { FixedSchedule, FloodSchedule, type Schedule } from './schedule.ts'
import { Statistics } from './statistics.ts'

/** How long a probe is remembered after it is over. */
const GRACE_MS = 60_000
const MAX_KEPT = 10_000

/** Measures as the plan says, and returns the exit code. Throws `CliError` if nothing can be measured. */
export async function runRtt(plan: RttPlan, context: Context): Promise<ExitCode> {
  const { output, settings, interrupt } = context
  const chosen = settings(kafkaSettings)
  const kafka = createKafka(chosen, CLIENT_ID, silentLog)
  const statistics = new Statistics(plan.to === undefined ? 'echo' : 'pong')
  const reporter = new Reporter(output, plan, statistics)
  const sessions = sessionsOf(plan, statistics)
  const road = new Road({
    kafka,
    settings: chosen,
    plan,
    topicSettings: settings(topicSettings),
    onEvent: event => run?.take(event),
    onTrouble: reason => reporter.trouble(reason),
  })
  let run: RttRun | undefined
  try {
    const ground = await whileStarting(road.open(), context).catch((error: unknown) => Promise.reject(unusable(error, chosen.kafkaBrokers)))
    reporter.begin(plan, ground)
    const beginMs = performance.now()
    run = new RttRun({
      sessions,
      schedule: scheduleOf(plan, beginMs),
      turns: ground.turns,
      messages: ground.messages,
      interrupt,
      send: record => road.send(record),
      onOutcome: outcome => reporter.outcome(outcome),
    })
    run.take({ kind: 'leaders', atMs: beginMs, leaders: ground.leaders })
    await run.run()
    const [tally, elapsedMs] = [sessions.tally(), performance.now() - beginMs]
    const originMs = performance.timeOrigin
    reporter.end({ tally, figures: statistics.figures(), originMs, hasPongs: plan.to !== undefined, flood: plan.flood, elapsedMs })
    return exitCodeOf(tally)
  } finally {
    await road.close()
  }
}

function sessionsOf(plan: RttPlan, statistics: Statistics): ProbeSessions {
  return new ProbeSessions({
    acks: plan.acks !== 0,
    to: plan.to,
    handshake: hasHandshake(plan),
    waitMs: plan.waitMs,
    graceMs: GRACE_MS,
    maxKept: MAX_KEPT,
    onMeasured: (measure, probe, ms) => statistics.measured(measure, probe, ms),
  })
}

function scheduleOf({ flood, count = Infinity, intervalMs }: RttPlan, startMs: number): Schedule {
  return flood === undefined ? new FixedSchedule(startMs, intervalMs, count) : new FloodSchedule(flood, count)
}

/** Rejects at the interrupt, and after --timeout. */
async function whileStarting<T>(starting: Promise<T>, { timeoutMs, interrupt }: Context): Promise<T> {
  const interrupted = new Promise<never>((_, reject) => {
    interrupt.asked.addEventListener('abort', () => reject(new CliError(EXIT.failed, 'interrupted before the first probe')))
  })
  return within(timeoutMs, `no answer within --timeout (${timeoutMs} ms)`, Promise.race([starting, interrupted]))
}
