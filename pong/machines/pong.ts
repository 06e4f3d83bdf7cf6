import { machine } from './machine.ts'

/** The server's session without a handshake: answers one ping, and again if the ping comes again. */
export const pongMachine = machine({
  name: 'pong',
  initial: 'listening',
  states: {
    listening: { kind: 'open', meaning: 'No ping arrived yet.', on: { ping: { next: 'sending', actions: ['send'] } } },
    sending: {
      kind: 'open',
      meaning: 'Kafka has not confirmed the reply.',
      on: {
        ping: { next: 'sending', actions: ['join'] },
        acked: { next: 'answered', actions: ['finish'] },
        refused: { next: 'burying', actions: ['bury'] },
        timeout: { next: 'overdue', actions: ['warn'] },
      },
    },
    overdue: {
      kind: 'open',
      meaning: 'As sending, for longer than the maximum time.',
      on: {
        ping: { next: 'overdue', actions: ['join'] },
        acked: { next: 'answered', actions: ['finish'] },
        refused: { next: 'burying', actions: ['bury'] },
        timeout: { next: 'overdue', actions: [] },
      },
    },
    burying: {
      kind: 'leaving',
      meaning: 'The reply cannot be sent. Kafka has not confirmed the dead letter.',
      on: {
        ping: { next: 'burying', actions: ['join'] },
        buried: { next: 'refused', actions: ['finish'] },
        timeout: { next: 'burying', actions: [] },
      },
    },
    answered: {
      kind: 'settled',
      meaning: 'The reply is in the topic.',
      on: { ping: { next: 'sending', actions: ['send'] }, timeout: { next: 'over', actions: ['forget'] } },
    },
    refused: {
      kind: 'settled',
      meaning: 'The ping is in the dead-letter topic.',
      on: { ping: { next: 'sending', actions: ['send'] }, timeout: { next: 'over', actions: ['forget'] } },
    },
    over: { kind: 'over', meaning: 'The session is forgotten.', on: {} },
  },
  events: {
    ping: 'A ping with the correlation id arrived, the first or a further one.',
    acked: 'Kafka confirmed the reply.',
    refused: 'The reply cannot be sent, whether or not it is tried again.',
    buried: 'Kafka confirmed the dead letter.',
    timeout: 'The session was in its state for the maximum time.',
  },
  actions: {
    send: 'Send the reply. A further one has the next attempt, and is marked as redelivered.',
    join: 'Let the ping wait for the reply or the dead letter that is on its way.',
    finish: 'The records of the ping are done: their offsets may be committed.',
    bury: 'Write the ping to the dead-letter topic.',
    warn: 'Log and count that the reply takes long.',
    forget: 'Forget the session.',
  },
})
