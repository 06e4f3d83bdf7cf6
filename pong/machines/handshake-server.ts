import { machine } from './machine.ts'

/** The server's session with a handshake: it has its outcome only when the client has confirmed the reply, or has not in time. */
export const handshakeServerMachine = machine({
  name: 'handshake-server',
  initial: 'listening',
  states: {
    listening: { kind: 'open', meaning: 'No ping arrived yet.', on: { ping: { next: 'sending', actions: ['send'] } } },
    sending: {
      kind: 'open',
      meaning: 'Kafka has not confirmed the reply.',
      on: {
        ping: { next: 'sending', actions: ['join'] },
        acked: { next: 'waiting', actions: ['finish'] },
        ack: { next: 'received', actions: ['confirm'] },
        refused: { next: 'burying', actions: ['bury'] },
        timeout: { next: 'overdue', actions: ['warn'] },
      },
    },
    overdue: {
      kind: 'open',
      meaning: 'As sending, for longer than the maximum time.',
      on: {
        ping: { next: 'overdue', actions: ['join'] },
        acked: { next: 'waiting', actions: ['finish'] },
        ack: { next: 'received', actions: ['confirm'] },
        refused: { next: 'burying', actions: ['bury'] },
        timeout: { next: 'overdue', actions: [] },
      },
    },
    received: {
      kind: 'open',
      meaning: 'The client has the reply. Kafka has not confirmed it.',
      on: {
        ping: { next: 'received', actions: ['join'] },
        ack: { next: 'received', actions: [] },
        acked: { next: 'confirmed', actions: ['finish'] },
        refused: { next: 'confirmed', actions: ['finish'] },
        timeout: { next: 'received', actions: [] },
      },
    },
    waiting: {
      kind: 'yielding',
      meaning: 'The reply is in the topic; the client has not confirmed it.',
      on: {
        ack: { next: 'confirmed', actions: ['confirm'] },
        ping: { next: 'sending', actions: ['send'] },
        timeout: { next: 'unconfirmed', actions: ['miss'] },
      },
    },
    burying: {
      kind: 'leaving',
      meaning: 'The reply cannot be sent. Kafka has not confirmed the dead letter.',
      on: {
        ping: { next: 'burying', actions: ['join'] },
        ack: { next: 'burying', actions: [] },
        buried: { next: 'refused', actions: ['finish'] },
        timeout: { next: 'burying', actions: [] },
      },
    },
    confirmed: {
      kind: 'settled',
      meaning: 'The client has the reply.',
      on: {
        ack: { next: 'confirmed', actions: [] },
        ping: { next: 'received', actions: ['send'] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    unconfirmed: {
      kind: 'settled',
      meaning: 'The reply is in the topic, and the client did not confirm it in time.',
      on: {
        ack: { next: 'confirmed', actions: ['confirm'] },
        ping: { next: 'sending', actions: ['send'] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    refused: {
      kind: 'settled',
      meaning: 'The ping is in the dead-letter topic.',
      on: {
        ack: { next: 'confirmed', actions: ['confirm'] },
        ping: { next: 'sending', actions: ['send'] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    over: { kind: 'over', meaning: 'The session is forgotten.', on: {} },
  },
  events: {
    ping: 'A ping with the correlation id arrived, the first or a further one.',
    acked: 'Kafka confirmed the reply.',
    refused: 'The reply cannot be sent, whether or not it is tried again.',
    ack: 'The client confirmed that it has the reply.',
    buried: 'Kafka confirmed the dead letter.',
    timeout: 'The session was in its state for the maximum time.',
  },
  actions: {
    send: 'Send the reply. A further one has the next attempt, and is marked as redelivered.',
    join: 'Let the ping wait for the reply or the dead letter that is on its way.',
    finish: 'The records of the ping are done: their offsets may be committed.',
    bury: 'Write the ping to the dead-letter topic.',
    confirm: 'Count the reply as received.',
    miss: 'Count the reply as not confirmed.',
    warn: 'Log and count that the reply takes long.',
    forget: 'Forget the session.',
  },
})
