import { machine } from './machine.ts'

/** The client's session without a handshake: sends one ping and waits for its pong. */
export const pingMachine = machine({
  name: 'ping',
  initial: 'due',
  states: {
    due: { kind: 'open', meaning: 'The ping is due, and not sent yet.', on: { start: { next: 'sending', actions: ['send'] } } },
    sending: {
      kind: 'open',
      meaning: 'Kafka has not confirmed the ping.',
      on: {
        acked: { next: 'waiting', actions: [] },
        refused: { next: 'refused', actions: ['refuse'] },
        pong: { next: 'answered', actions: ['answer'] },
        timeout: { next: 'lost', actions: ['lose'] },
      },
    },
    waiting: {
      kind: 'open',
      meaning: 'The ping is in the topic; there is no pong yet.',
      on: { pong: { next: 'answered', actions: ['answer'] }, timeout: { next: 'lost', actions: ['lose'] } },
    },
    answered: {
      kind: 'settled',
      meaning: 'The pong arrived in time.',
      on: {
        pong: { next: 'answered', actions: ['repeat'] },
        acked: { next: 'answered', actions: [] },
        refused: { next: 'answered', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    lost: {
      kind: 'settled',
      meaning: 'No pong arrived in time.',
      on: {
        pong: { next: 'late', actions: ['late'] },
        acked: { next: 'lost', actions: [] },
        refused: { next: 'lost', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    late: {
      kind: 'settled',
      meaning: 'The pong arrived after the time-out.',
      on: {
        pong: { next: 'late', actions: ['repeat'] },
        acked: { next: 'late', actions: [] },
        refused: { next: 'late', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    refused: {
      kind: 'settled',
      meaning: 'Kafka did not accept the ping, as far as the client knows.',
      on: { pong: { next: 'answered', actions: ['answer'] }, timeout: { next: 'over', actions: ['forget'] } },
    },
    over: { kind: 'over', meaning: 'The session is forgotten.', on: {} },
  },
  events: {
    start: 'The time of the ping has come.',
    acked: 'Kafka confirmed the ping.',
    refused: 'Kafka did not accept the ping.',
    pong: 'A pong with the correlation id arrived.',
    timeout: 'The session was in its state for the maximum time.',
  },
  actions: {
    send: 'Send the ping.',
    answer: 'Report the pong.',
    repeat: 'Report a further pong.',
    late: 'Report the pong as late.',
    lose: 'Report the ping as lost.',
    refuse: 'Report that Kafka refused the ping.',
    forget: 'Forget the session.',
  },
})
