import { machine } from './machine.ts'

/** The client's session with a handshake: ping, pong, ack. The ack confirms to the server that its reply was received. */
export const handshakeClientMachine = machine({
  name: 'handshake-client',
  initial: 'due',
  states: {
    due: { kind: 'open', meaning: 'The ping is due, and not sent yet.', on: { start: { next: 'sending', actions: ['send'] } } },
    sending: {
      kind: 'open',
      meaning: 'Kafka has not confirmed the ping.',
      on: {
        acked: { next: 'waiting', actions: [] },
        refused: { next: 'refused', actions: ['refuse'] },
        pong: { next: 'confirming', actions: ['answer', 'confirm'] },
        timeout: { next: 'lost', actions: ['lose'] },
      },
    },
    waiting: {
      kind: 'open',
      meaning: 'The ping is in the topic; there is no pong yet.',
      on: { pong: { next: 'confirming', actions: ['answer', 'confirm'] }, timeout: { next: 'lost', actions: ['lose'] } },
    },
    confirming: {
      kind: 'open',
      meaning: 'The pong arrived. Kafka has not confirmed the ack.',
      on: {
        confirmed: { next: 'confirmed', actions: [] },
        unconfirmed: { next: 'unconfirmed', actions: [] },
        pong: { next: 'confirming', actions: ['repeat'] },
        acked: { next: 'confirming', actions: [] },
        refused: { next: 'confirming', actions: [] },
        timeout: { next: 'unconfirmed', actions: [] },
      },
    },
    confirmed: {
      kind: 'settled',
      meaning: 'The ack is in the topic.',
      on: {
        pong: { next: 'confirming', actions: ['repeat', 'confirm'] },
        acked: { next: 'confirmed', actions: [] },
        refused: { next: 'confirmed', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    unconfirmed: {
      kind: 'settled',
      meaning: 'The pong arrived, but the ack may not be in the topic.',
      on: {
        pong: { next: 'confirming', actions: ['repeat', 'confirm'] },
        confirmed: { next: 'confirmed', actions: [] },
        unconfirmed: { next: 'unconfirmed', actions: [] },
        acked: { next: 'unconfirmed', actions: [] },
        refused: { next: 'unconfirmed', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    lost: {
      kind: 'settled',
      meaning: 'No pong arrived in time.',
      on: {
        pong: { next: 'confirming', actions: ['late', 'confirm'] },
        acked: { next: 'lost', actions: [] },
        refused: { next: 'lost', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    refused: {
      kind: 'settled',
      meaning: 'Kafka did not accept the ping, as far as the client knows.',
      on: { pong: { next: 'confirming', actions: ['answer', 'confirm'] }, timeout: { next: 'over', actions: ['forget'] } },
    },
    over: { kind: 'over', meaning: 'The session is forgotten.', on: {} },
  },
  events: {
    start: 'The time of the ping has come.',
    acked: 'Kafka confirmed the ping.',
    refused: 'Kafka did not accept the ping.',
    pong: 'A pong with the correlation id arrived.',
    confirmed: 'Kafka confirmed the ack.',
    unconfirmed: 'Kafka did not accept the ack.',
    timeout: 'The session was in its state for the maximum time.',
  },
  actions: {
    send: 'Send the ping.',
    answer: 'Report the pong.',
    repeat: 'Report a further pong.',
    late: 'Report the pong as late.',
    confirm: 'Send the ack.',
    lose: 'Report the ping as lost.',
    refuse: 'Report that Kafka refused the ping.',
    forget: 'Forget the session.',
  },
})
