import type { Commands, Context } from '../command.ts'
import { CommandError, OK, type Reply } from '../reply.ts'

export const transactions: Commands = {
  multi: {
    arity: 1,
    noScript: true,
    inMulti: true,
    run: ({ session }) => {
      if (session.queue) throw new CommandError('ERR MULTI calls can not be nested')
      session.queue = []
      return OK
    },
  },
  exec: { arity: 1, noScript: true, inMulti: true, run: exec },
  discard: {
    arity: 1,
    noScript: true,
    inMulti: true,
    run: ({ session }) => {
      if (!session.queue) throw new CommandError('ERR DISCARD without MULTI')
      end(session)
      return OK
    },
  },
  watch: {
    arity: -2,
    noScript: true,
    inMulti: true,
    run: ({ session }, keys) => {
      if (session.queue) throw new CommandError('ERR WATCH inside MULTI is not allowed')
      for (const key of keys) session.watch(key)
      return OK
    },
  },
  unwatch: {
    arity: 1,
    noScript: true,
    run: ({ session }) => {
      session.unwatch()
      return OK
    },
  },
}

function exec({ session, call }: Context): Reply {
  const { queue, queueFailed } = session
  if (!queue) throw new CommandError('ERR EXEC without MULTI')
  // A watched key may have expired without anybody noticing yet: looking at the database notices.
  session.keys().keys()
  const { dirty } = session
  end(session)
  if (queueFailed) throw new CommandError('EXECABORT Transaction discarded because of previous errors.')
  return dirty ? null : queue.map(args => call(args))
}

function end(session: Context['session']): void {
  session.queue = undefined
  session.queueFailed = false
  session.unwatch()
}
