import type { Refusal } from './key.ts'

/** Keys of Kafka that ask for something that this broker does not have. */
export const refusedKeys: readonly Refusal[] = [
  {
    why: 'there is no TLS, only PLAINTEXT',
    names: ['ssl.*', 'security.providers'],
  },
  {
    why: 'there is no authentication',
    names: [
      'sasl.*',
      'delegation.token.*',
      'connections.max.reauth.ms',
      'connection.failed.authentication.delay.ms',
      'principal.builder.class',
    ],
  },
  {
    why: 'there is no authorization: every client may do everything',
    names: ['authorizer.class.name', 'super.users', 'allow.everyone.if.no.acl.found'],
  },
  {
    why: 'settings for a single listener have no meaning without TLS and authentication',
    names: ['listener.name.*'],
  },
  {
    why: 'there is no ZooKeeper, as in Kafka 4.0 and later',
    names: [
      'zookeeper.*',
      'inter.broker.protocol.version',
      'log.message.format.version',
      'broker.id.generation.enable',
      'reserved.broker.max.id',
    ],
  },
  {
    why: 'there is no tiered storage',
    names: [
      'remote.log.*',
      'remote.fetch.*',
      'remote.list.*',
      'rsm.config.*',
      'rlmm.config.*',
      'log.local.retention.bytes',
      'log.local.retention.ms',
    ],
  },
  {
    why: 'there are no quotas',
    names: ['quota.*', 'replication.quota.*', 'alter.log.dirs.replication.quota.*', 'controller.quota.*', 'client.quota.callback.class'],
  },
  {
    why: 'only the total number of connections is limited: use max.connections',
    names: ['max.connections.per.ip', 'max.connections.per.ip.overrides', 'max.connection.creation.rate'],
  },
  {
    why: 'records are flushed with every append or by the operating system: use log.flush.interval.messages=1',
    names: ['log.flush.interval.ms'],
  },
  {
    why: 'Java classes cannot be loaded',
    names: [
      'alter.config.policy.class.name',
      'create.topic.policy.class.name',
      'replica.selector.class',
      'config.providers',
      'config.providers.*',
    ],
  },
  {
    why: 'there are no share groups and no groups with the protocol of Kafka Streams',
    names: ['group.share.*', 'group.streams.*', 'share.coordinator.*', 'share.fetch.*'],
  },
  {
    why: 'transactions are not supported',
    names: ['transaction.two.phase.commit.enable'],
  },
  {
    why: 'it is internal to Kafka',
    names: ['internal.*', 'unstable.api.versions.enable', 'unstable.feature.versions.enable'],
  },
]

/** Why a key is refused; undefined if it is not. A supported or accepted key overrides a prefix that matches it. */
export function refusalOf(name: string): string | undefined {
  return refusedKeys.find(({ names }) =>
    names.some(refused => (refused.endsWith('*') ? name.startsWith(refused.slice(0, -1)) : name === refused)),
  )?.why
}
