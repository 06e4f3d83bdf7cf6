import { machine } from './machine.ts'

/** The client's session of a record that it writes and reads back: the record of a ping, or an echo, which is for no server. */
export const echoMachine = machine({
  name: 'echo',
  initial: 'due',
  states: {
    due: {
      kind: 'open',
      meaning: 'The record is due, and not sent yet.',
      on: { start: { next: 'sending', actions: ['send'] }, timeout: { next: 'lost', actions: ['lose'] } },
    },
    sending: {
      kind: 'open',
      meaning: 'Kafka has not confirmed the record, and it was not read back.',
      on: {
        acked: { next: 'written', actions: [] },
        unacked: { next: 'written', actions: [] },
        refused: { next: 'refused', actions: ['refuse'] },
        echo: { next: 'echoed', actions: ['answer'] },
        late: { next: 'late', actions: ['late', 'finish'] },
        timeout: { next: 'lost', actions: ['lose'] },
      },
    },
    written: {
      kind: 'open',
      meaning: 'The ack came, or none will come. The record was not read back yet.',
      keepsTime: true,
      on: {
        unacked: { next: 'written', actions: [] },
        refused: { next: 'refused', actions: ['refuse'] },
        echo: { next: 'whole', actions: ['answer', 'finish'] },
        late: { next: 'late', actions: ['late', 'finish'] },
        timeout: { next: 'lost', actions: ['lose'] },
      },
    },
    echoed: {
      kind: 'open',
      meaning: 'The record was read back. The ack did not come yet.',
      keepsTime: true,
      on: {
        acked: { next: 'whole', actions: ['finish'] },
        unacked: { next: 'whole', actions: ['finish'] },
        refused: { next: 'whole', actions: ['finish'] },
        echo: { next: 'echoed', actions: ['repeat'] },
        late: { next: 'echoed', actions: ['repeat'] },
        timeout: { next: 'whole', actions: ['finish'] },
      },
    },
    whole: {
      kind: 'settled',
      meaning: 'The record was read back in time. The ack came, or none came in time.',
      on: {
        echo: { next: 'whole', actions: ['repeat'] },
        acked: { next: 'whole', actions: [] },
        unacked: { next: 'whole', actions: [] },
        refused: { next: 'whole', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    lost: {
      kind: 'settled',
      meaning: 'The record was not read back in time.',
      on: {
        echo: { next: 'late', actions: ['late'] },
        acked: { next: 'lost', actions: [] },
        unacked: { next: 'lost', actions: [] },
        refused: { next: 'lost', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    late: {
      kind: 'settled',
      meaning: 'The record was read back after the time-out, or after Kafka seemed to refuse it.',
      on: {
        echo: { next: 'late', actions: ['repeat'] },
        acked: { next: 'late', actions: [] },
        unacked: { next: 'late', actions: [] },
        refused: { next: 'late', actions: [] },
        timeout: { next: 'over', actions: ['forget'] },
      },
    },
    refused: {
      kind: 'settled',
      meaning: 'Kafka did not accept the record, as far as the client knows.',
      on: { echo: { next: 'late', actions: ['late'] }, timeout: { next: 'over', actions: ['forget'] } },
    },
    over: { kind: 'over', meaning: 'The session is forgotten.', on: {} },
  },
  events: {
    start: 'The time of the record has come.',
    acked: 'Kafka confirmed the record.',
    unacked: 'No ack will come; the record may be in the topic.',
    refused: 'Kafka did not accept the record.',
    echo: 'The record was read back.',
    late: 'The record was read back after the maximum time, before the time-out was noticed.',
    timeout: 'The session was in its state for the maximum time.',
  },
  actions: {
    send: 'Send the record.',
    answer: 'Report that the record was read back.',
    finish: 'Report that nothing else is expected.',
    repeat: 'Report that the record was read back again.',
    late: 'Report the record as late.',
    lose: 'Report the record as lost.',
    refuse: 'Report that Kafka refused the record.',
    forget: 'Forget the session.',
  },
})
