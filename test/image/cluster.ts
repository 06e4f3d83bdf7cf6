import { randomBytes } from 'node:crypto'
import { chmodSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes, type Admin } from 'kafkajs'
import pg from 'pg'
import type { Child } from '../../local/launch/child.ts'
import { freePort } from '../../local/launch/free-port.ts'
import { launchKafka, type KafkaListener } from '../../local/launch/kafka.ts'
import { plainUser } from '../../local/launch/plain-user.ts'
import { launchRedis } from '../../local/launch/redis.ts'
import { ofKind } from '../k8s/cluster/of-kind.ts'
import type { Resource } from '../k8s/project/read-yaml.ts'
import { createAuthority } from '../support/certificates.ts'
import { startPostgres, type TestPostgres } from '../support/postgres.ts'

/** The parts of a cluster as the operators create them from the manifests: TLS, passwords, ordinary users, and the secrets that name them. */
export interface Cluster {
  readonly postgres: TestPostgres
  /** As Kafka's superuser. */
  readonly kafka: Admin
  /** The same, for records. */
  readonly kafkaClient: Kafka
  /** By name, then by key. */
  readonly secrets: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The addresses of the services, by name. */
  readonly hosts: Readonly<Record<string, string>>
  stop(): Promise<void>
}

/** Each service has its own address, so that all have the ports of the manifests. */
const ADDRESS = { postgres: '127.0.0.21', cache: '127.0.0.22', kafka: '127.0.0.23' }
const LISTENER = 'CLIENTS'

export async function startCluster(resources: readonly Resource[]): Promise<Cluster> {
  const folder = mkdtempSync(join(tmpdir(), 'ping-test-cluster-'))
  chmodSync(folder, 0o755) // Postgres runs as a plain user, who must get in
  const starting = [startCnpg(resources, folder), startDragonfly(resources), startStrimzi(resources, folder)] as const
  const begun = await Promise.allSettled(starting)
  if (begun.some(({ status }) => status === 'rejected'))
    await Promise.all(begun.map(async part => (part.status === 'fulfilled' ? part.value.stop() : undefined)))
  const [postgres, cache, kafka] = await Promise.all(starting)
  const parts = [postgres, cache, kafka]
  return {
    postgres: postgres.server,
    kafka: kafka.admin,
    kafkaClient: kafka.client,
    secrets: Object.assign({}, ...parts.map(({ secrets }) => secrets)) as Cluster['secrets'],
    hosts: Object.assign({}, ...parts.map(({ hosts }) => hosts)) as Cluster['hosts'],
    stop: async () => {
      await Promise.all(parts.map(part => part.stop()))
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** CloudNativePG: an owner has only the rights on its database, and who may connect is as the manifests say. */
async function startCnpg(resources: readonly Resource[], folder: string) {
  const [{ metadata: { name }, spec } = { metadata: { name: '' }, spec: undefined }] = ofKind(resources, 'Cluster')
  const { database = '', owner = '' } = spec?.bootstrap?.initdb ?? {}
  const [host, password, authority] = [`${name}-rw`, randomText(), createAuthority(name)]
  const { cert, key } = authority.issue({ names: [host] })
  const files = writeFor(folder, {
    'server.crt': cert,
    'server.key': key,
    'pg_hba.conf': ['host all postgres 127.0.0.1/32 trust', ...(spec?.postgresql?.pg_hba ?? []), 'host all all all scram-sha-256', ''].join(
      '\n',
    ),
  })
  const settings = {
    ssl: 'on',
    ssl_cert_file: files['server.crt'],
    ssl_key_file: files['server.key'],
    hba_file: files['pg_hba.conf'],
    ssl_min_protocol_version: 'TLSv1.3',
  }
  const server = await startPostgres({ settings })
  const admin = new pg.Client(server.admin.config)
  await admin.connect()
  // The role is there already, with no rights: test/support/postgres.ts makes it.
  await admin.query(`ALTER ROLE ${pg.escapeIdentifier(owner)} PASSWORD ${pg.escapeLiteral(password)}`)
  await admin.query(`CREATE DATABASE ${pg.escapeIdentifier(database)} OWNER ${pg.escapeIdentifier(owner)}`)
  const further = await createDatabases(resources, admin)
  await admin.end()
  const forwarder = await forward(ADDRESS.postgres, 5432, server.port)
  const uri = `postgresql://${owner}:${password}@${host}.ping:5432/${database}`
  return {
    server,
    secrets: {
      [`${name}-app`]: {
        username: owner,
        user: owner,
        password,
        dbname: database,
        host,
        port: '5432',
        uri,
        'fqdn-uri': uri,
        'jdbc-uri': `jdbc:${uri}`,
        pgpass: `${host}:5432:${database}:${owner}:${password}\n`,
      },
      [`${name}-ca`]: { 'ca.crt': authority.cert, 'ca.key': '' },
      ...further,
    },
    hosts: { [host]: ADDRESS.postgres },
    stop: async () => {
      forwarder.close()
      await server.stop()
    },
  }
}

/** CloudNativePG's resources for further roles and databases. Returns the secrets of the roles, which are made by hand. */
async function createDatabases(resources: readonly Resource[], admin: pg.Client): Promise<Cluster['secrets']> {
  const secrets: Record<string, Readonly<Record<string, string>>> = {}
  for (const { spec } of ofKind(resources, 'DatabaseRole')) {
    const password = randomText()
    await admin.query(
      `CREATE ROLE ${pg.escapeIdentifier(spec.name)} ${spec.login ? 'LOGIN' : 'NOLOGIN'} PASSWORD ${pg.escapeLiteral(password)}`,
    )
    secrets[spec.passwordSecret.name] = { username: spec.name, password }
  }
  for (const { spec } of ofKind(resources, 'Database'))
    await admin.query(`CREATE DATABASE ${pg.escapeIdentifier(spec.name)} OWNER ${pg.escapeIdentifier(spec.owner)}`)
  return secrets
}

/** Dragonfly's operator, with a real Redis: the secret is made by hand, as a random text of base64. */
async function startDragonfly(resources: readonly Resource[]) {
  const [{ metadata: { name }, spec } = { metadata: { name: '' }, spec: undefined }] = ofKind(resources, 'Dragonfly')
  const { name: secret = '', key = '' } = spec?.authentication?.passwordFromSecret ?? {}
  const [port, password] = [await freePort(), randomBytes(24).toString('base64')]
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--requirepass', password]
  const server = await launchRedis({ command: 'redis-server', port, args })
  const forwarder = await forward(ADDRESS.cache, 6379, port)
  return { secrets: { [secret]: { [key]: password } }, hosts: { [name]: ADDRESS.cache }, stop: stopper(forwarder, server) }
}

/** Strimzi: TLS with its own authority, a password for each user, and only the rights in the users' resources. */
async function startStrimzi(resources: readonly Resource[], folder: string) {
  const [{ metadata: { name } } = { metadata: { name: '' } }] = ofKind(resources, 'Kafka')
  const [host, authority] = [`${name}-kafka-bootstrap`, createAuthority(`${name} authority`)]
  const { cert, key } = authority.issue({ names: [host] })
  const { 'kafka.pem': keystore } = writeFor(folder, { 'kafka.pem': `${key}${cert}` })
  const users = ofKind(resources, 'KafkaUser').map(({ metadata, spec }) => ({
    name: metadata.name,
    password: randomText(),
    acls: spec?.authorization?.acls ?? [],
  }))
  const [plainPort, port] = [await freePort(), await freePort()]
  const prefix = `listener.name.${LISTENER.toLowerCase()}`
  const listener: KafkaListener = {
    name: LISTENER,
    protocol: 'SASL_SSL',
    port,
    advertised: `${host}:9093`,
    users: Object.fromEntries(users.map(user => [user.name, user.password])),
    settings: {
      [`${prefix}.ssl.keystore.type`]: 'PEM',
      [`${prefix}.ssl.keystore.location`]: keystore,
      [`${prefix}.sasl.enabled.mechanisms`]: 'SCRAM-SHA-512',
      [`${prefix}.scram-sha-512.sasl.jaas.config`]: 'org.apache.kafka.common.security.scram.ScramLoginModule required;',
      'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
      'super.users': 'User:ANONYMOUS',
      'auto.create.topics.enable': 'false',
    },
  }
  const server = await launchKafka({ port: plainPort, dataDir: join(folder, 'kafka'), listener })
  const forwarder = await forward(ADDRESS.kafka, 9093, port)
  const client = new Kafka({ brokers: [`127.0.0.1:${plainPort}`], logLevel: logLevel.NOTHING })
  const admin = client.admin()
  await admin.connect()
  const topics = ofKind(resources, 'KafkaTopic').map(({ metadata, spec }) => ({
    topic: metadata.name,
    numPartitions: spec?.partitions ?? 1,
    replicationFactor: 1,
  }))
  await admin.createTopics({ topics, waitForLeaders: false })
  await admin.createAcls({
    acl: users.flatMap(user =>
      user.acls.flatMap(({ resource, operations = [] }) =>
        operations.map(operation => ({
          resourceType: resource.type === 'group' ? AclResourceTypes.GROUP : AclResourceTypes.TOPIC,
          resourceName: 'name' in resource ? String(resource.name) : '',
          resourcePatternType:
            'patternType' in resource && resource.patternType === 'prefix' ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
          principal: `User:${user.name}`,
          host: '*',
          operation: AclOperationTypes[operation.toUpperCase() as keyof typeof AclOperationTypes],
          permissionType: AclPermissionTypes.ALLOW,
        })),
      ),
    ),
  })
  return {
    admin,
    client,
    secrets: {
      ...Object.fromEntries(
        users.map(user => [
          user.name,
          {
            password: user.password,
            'sasl.jaas.config': `org.apache.kafka.common.security.scram.ScramLoginModule required username="${user.name}" password="${user.password}";`,
          },
        ]),
      ),
      [`${name}-cluster-ca-cert`]: { 'ca.crt': authority.cert, 'ca.p12': '', 'ca.password': randomText() },
    },
    hosts: { [host]: ADDRESS.kafka },
    stop: async () => {
      await admin.disconnect()
      await stopper(forwarder, server)()
    },
  }
}

/** As operators make passwords. */
function randomText(): string {
  return randomBytes(24).toString('hex')
}

/** Only the ordinary user that Postgres runs as can read them. Returns the paths, by name. */
function writeFor<Name extends string>(folder: string, files: Readonly<Record<Name, string>>): Readonly<Record<Name, string>> {
  const user = plainUser()
  const paths = (Object.entries(files) as [Name, string][]).map(([name, text]) => {
    const path = join(folder, name)
    writeFileSync(path, text, { mode: 0o600 })
    if (user) chownSync(path, user.uid, user.gid)
    return [name, path] as const
  })
  return Object.fromEntries(paths) as Record<Name, string>
}

/** Passes connections to an address on to a port of 127.0.0.1. */
async function forward(host: string, port: number, to: number): Promise<Server> {
  const server = createServer(client => {
    const target = connect(to, '127.0.0.1')
    client.pipe(target).pipe(client)
    client.on('error', () => target.destroy())
    target.on('error', () => client.destroy())
  })
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, host, resolve))
  return server
}

function stopper(forwarder: Server, server: Child): () => Promise<void> {
  return async () => {
    forwarder.close()
    await server.stop()
  }
}
