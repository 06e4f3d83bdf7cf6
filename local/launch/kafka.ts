import { randomBytes } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runToEnd, startChild, untilReady, type Child, type ChildHooks } from './child.ts'
import { freePort } from './free-port.ts'
import { kafkaJars } from './kafka-jars.ts'

export interface KafkaOptions extends ChildHooks {
  readonly port: number
  /** Created when absent; holds the log, the settings and the id of the cluster. */
  readonly dataDir: string
  /** Flags of the JVM; default: a small heap and a quick start. */
  readonly jvmFlags?: readonly string[]
  /** A further listener for clients, in addition to the plain one. */
  readonly listener?: KafkaListener
}

export interface KafkaListener {
  /** In capitals, as Kafka's settings name it. */
  readonly name: string
  readonly protocol: 'SSL' | 'SASL_SSL' | 'SASL_PLAINTEXT'
  readonly port: number
  /** `host:port` that clients connect to. */
  readonly advertised: string
  /** Further settings of the server. */
  readonly settings: Readonly<Record<string, string>>
  /** Passwords by user, for SCRAM-SHA-512. */
  readonly users: Readonly<Record<string, string>>
}

/** Enough for one machine; the broker idles at 300 MB of RSS with it. */
const HEAP = ['-Xms256m', '-Xmx512m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1']
const READY = 'Kafka Server started'
const START_LIMIT_MS = 90_000

/** Starts one Apache Kafka node (broker and controller) and waits until it accepts requests. */
export async function launchKafka(options: KafkaOptions): Promise<Child> {
  const { dataDir, onLine, onSpawn } = options
  const classPath = join(await kafkaJars({ onLine, onSpawn }), '*')
  mkdirSync(join(dataDir, 'log'), { recursive: true })
  // Only this node uses the controller's port: a free one at each start, which a static list of voters permits.
  const settings = writeSettings(options, await freePort())
  const java = (heap: readonly string[], ...args: string[]) => [
    ...heap,
    `-Dlog4j2.configurationFile=${join(dataDir, 'log4j2.properties')}`,
    '-cp',
    classPath,
    ...args,
  ]
  if (!existsSync(join(dataDir, 'log', 'meta.properties'))) {
    const users = Object.entries(options.listener?.users ?? {}).flatMap(([name, password]) => [
      '--add-scram',
      `SCRAM-SHA-512=[name=${name},password=${password}]`,
    ])
    const args = java(
      ['-XX:TieredStopAtLevel=1'],
      'kafka.tools.StorageTool',
      'format',
      `--cluster-id=${randomBytes(16).toString('base64url')}`,
      '-c',
      settings,
      ...users,
    )
    await runToEnd({ name: 'kafka format', command: 'java', args, cwd: dataDir, onSpawn })
  }
  const child = await startChild({
    name: 'kafka',
    command: 'java',
    args: java(options.jvmFlags ?? HEAP, 'kafka.Kafka', settings),
    cwd: dataDir,
    onLine,
    onSpawn,
  })
  let ready = false
  const unwatch = child.watch(line => (ready ||= line.includes(READY)))
  await untilReady(child, () => ready, START_LIMIT_MS).finally(unwatch)
  return child
}

function writeSettings(options: KafkaOptions, controllerPort: number): string {
  const { dataDir, port, listener } = options
  const [broker, controller] = [`PLAINTEXT://127.0.0.1:${port}`, `CONTROLLER://127.0.0.1:${controllerPort}`]
  const settings = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@127.0.0.1:${controllerPort}`,
    listeners: [broker, controller, ...(listener ? [`${listener.name}://127.0.0.1:${listener.port}`] : [])].join(),
    'advertised.listeners': [broker, ...(listener ? [`${listener.name}://${listener.advertised}`] : [])].join(),
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': [
      'PLAINTEXT:PLAINTEXT',
      'CONTROLLER:PLAINTEXT',
      ...(listener ? [`${listener.name}:${listener.protocol}`] : []),
    ].join(),
    'log.dirs': join(dataDir, 'log'),
    'offsets.topic.replication.factor': '1',
    'offsets.topic.num.partitions': '8',
    'transaction.state.log.replication.factor': '1',
    'transaction.state.log.min.isr': '1',
    'group.initial.rebalance.delay.ms': '0',
    'controlled.shutdown.enable': 'false',
    // After a kill the controller waits for the old session to end before it lets the broker in again (default 9 s).
    'broker.session.timeout.ms': '3000',
    'broker.heartbeat.interval.ms': '500',
    ...listener?.settings,
  }
  writeFileSync(join(dataDir, 'log4j2.properties'), LOGGING)
  const file = join(dataDir, 'server.properties')
  writeFileSync(
    file,
    Object.entries(settings)
      .map(([name, value]) => `${name}=${value}\n`)
      .join(''),
  )
  return file
}

/** Warnings only, and the one line that says that it is ready. */
const LOGGING = `status = error
appender.out.type = Console
appender.out.name = out
appender.out.layout.type = PatternLayout
appender.out.layout.pattern = %p %m (%c{1})%n
rootLogger.level = warn
rootLogger.appenderRef.out.ref = out
logger.ready.name = kafka.server.KafkaRaftServer
logger.ready.level = info
`
