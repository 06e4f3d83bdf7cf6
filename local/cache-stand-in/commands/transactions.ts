import type { Commands, Context } from '../command.ts'
import { CommandError, NO_ARRAY, OK, type Reply } from '../reply.ts'

export const transactions: Commands = {
  multi: {
    arity: 1,
    inMulti: true,
    run: ({ session }) => {
      if (session.inMulti) throw new CommandError('ERR MULTI calls can not be nested')
      session.beginQueue()
      return OK
    },
  },
  exec: { arity: 1, inMulti: true, run: exec },
  discard: {
    arity: 1,
    inMulti: true,
    run: ({ session }) => {
      if (!session.inMulti) throw new CommandError('ERR DISCARD without MULTI')
      session.endQueue()
      return OK
    },
  },
  watch: {
    arity: -2,
    inMulti: true,
    run: ({ session }, keys) => {
      if (session.inMulti) throw new CommandError('ERR WATCH inside MULTI is not allowed')
      for (const key of keys) session.watch(key)
      return OK
    },
  },
  unwatch: {
    arity: 1,
    run: ({ session }) => {
      session.unwatch()
      return OK
    },
  },
}

function exec({ session, call }: Context): Reply {
  if (!session.inMulti) throw new CommandError('ERR EXEC without MULTI')
  const [isDirty, { queueFailed }] = [session.watchedChanged(), session]
  const queue = session.endQueue()
  if (queueFailed) throw new CommandError('EXECABORT Transaction discarded because of previous errors.')
  return isDirty ? NO_ARRAY : queue.map(args => call(args))
}
