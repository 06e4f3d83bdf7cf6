import { afterAll, describe, expect, test } from 'vitest'
import { environment } from '../../../local/environment.ts'
import { onBothBrokers, type Target } from '../targets.ts'
import { CHAPTERS } from './chapters/index.ts'
import { DIFFERENCES } from './differences.ts'
import { asRecorded, readRecording, writeRecording, type Recording } from './recordings.ts'
import { Script, type Chapter } from './script.ts'

/** `RECORD_KAFKA=1 npx vitest run test/broker/conformance` records Kafka's answers again instead of comparing with them. */
const IS_RECORDING = environment()['RECORD_KAFKA'] === '1'

/**
 * One script, the same answers: those of Apache Kafka are recorded (and verified wherever Kafka can run), and Ping's broker must give
 * the same, except for the differences in differences.ts, each with its reason.
 */
onBothBrokers(target => {
  for (const chapter of CHAPTERS) describe(chapter.title, () => registerSteps(chapter, target))
})

function registerSteps(chapter: Chapter, target: Target): void {
  const isKafka = target.name === 'Apache Kafka'
  const recording = readRecording(chapter.title)
  const fresh: Recording = {}
  const titles = new Set<string>()
  const script = new Script(
    () => target.brokers,
    (title, run) => {
      if (titles.has(title)) throw new Error(`two steps of ${chapter.title} are called ${title}`)
      titles.add(title)
      test(title, async () => {
        const answer = asRecorded(script.normal(await run()))
        if (isKafka) fresh[title] = answer
        if (isKafka && IS_RECORDING) return
        expect(answer).toEqual(isKafka ? recording[title] : expected(chapter, title, recording))
      })
    },
  )
  chapter.steps(script)
  afterAll(() => {
    script.close()
    if (isKafka && IS_RECORDING) writeRecording(chapter.title, fresh)
  })
}

function expected(chapter: Chapter, title: string, recording: Recording): unknown {
  const difference = DIFFERENCES.find(each => each.chapter === chapter.title && each.steps.includes(title))
  return difference ? asRecorded(difference.ours(structuredClone(recording[title]))) : recording[title]
}
