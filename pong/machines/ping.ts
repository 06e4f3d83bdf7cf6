import { machine } from './machine.ts'

/**
 * The client's session without a handshake: sends one ping and waits for its pong, or for those of several servers. If none comes in
 * time, it may ask once more.
 */
export const pingMachine = machine({
  name: 'ping',
  initial: 'due',
  states: {
    due: {
      kind: 'open',
      meaning: 'The ping is due, and not sent yet.',
      on: { start: { next: 'sending', actions: ['send'] }, timeout: { next: 'lost', actions: ['lose'] } },
    },
    sending: {
      kind: 'open',
      meaning: 'Kafka has not confirmed the ping.',
      on: {
        acked: { next: 'waiting', actions: [] },
        refused: { next: 'refused', actions: ['refuse'] },
        partial: { next: 'sending', actions: ['collect'] },
        pong: { next: 'answered', actions: ['answer'] },
        late: { next: 'late', actions: ['late'] },
        timeout: { next: 'lost', actions: ['lose'] },
      },
    },
    waiting: {
      kind: 'open',
      meaning: 'The ping is in the topic; a pong is missing.',
      keepsTime: true,
      on: {
        partial: { next: 'waiting', actions: ['collect'] },
        pong: { next: 'answered', actions: ['answer'] },
        late: { next: 'late', actions: ['late'] },
        timeout: { next: 'lost', actions: ['lose'] },
      },
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
        ask: { next: 'asking', actions: ['send'] },
        partial: { next: 'lost', actions: ['collect'] },
        pong: { next: 'late', actions: ['late'] },
        acked: { next: 'lost', actions: [] },
        refused: { next: 'lost', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    asking: {
      kind: 'open',
      meaning: 'No pong arrived in time, and the ping was sent once more.',
      on: {
        pong: { next: 'late', actions: ['late'] },
        late: { next: 'late', actions: ['late'] },
        acked: { next: 'asking', actions: [] },
        refused: { next: 'asking', actions: [] },
        timeout: { next: 'lost', actions: ['abandon'] },
      },
    },
    late: {
      kind: 'settled',
      meaning: 'The pong arrived after the time-out, or after Kafka seemed to refuse the ping.',
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
      on: {
        partial: { next: 'refused', actions: ['collect'] },
        pong: { next: 'late', actions: ['late'] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    over: { kind: 'over', meaning: 'The session is forgotten.', on: {} },
  },
  events: {
    start: 'The time of the ping has come.',
    acked: 'Kafka confirmed the ping.',
    refused: 'Kafka did not accept the ping.',
    partial: 'A pong arrived, and those of other servers are missing.',
    pong: 'A pong arrived, and none is missing.',
    late: 'As pong, after the maximum time, before the time-out was noticed.',
    ask: 'The client asks again.',
    timeout: 'The session was in its state for the maximum time.',
  },
  actions: {
    send: 'Send the ping. A further one has the next attempt.',
    collect: 'Report the pong of one of several servers.',
    answer: 'Report the pong.',
    repeat: 'Report a further pong.',
    late: 'Report the pong as late.',
    lose: 'Report the ping as lost.',
    abandon: 'Report that the further ping is lost, too.',
    refuse: 'Report that Kafka refused the ping.',
    forget: 'Forget the session.',
  },
})
