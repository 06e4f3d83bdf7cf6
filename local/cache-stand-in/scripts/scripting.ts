import { createHash } from 'node:crypto'
import { int64 } from '../arguments.ts'
import type { Commands, Context } from '../command.ts'
import { subcommands } from '../commands/subcommands.ts'
import { REMEDY, SERVER_NAME } from '../identity.ts'
import { CommandError, OK, type Reply } from '../reply.ts'
import { CLAIM } from './claim.ts'
import { FLUSH } from './flush.ts'
import { REPLACE } from './replace.ts'
import type { Twin } from './twin.ts'

export const TWINS: readonly Twin[] = [CLAIM, FLUSH, REPLACE]
const BY_SHA1 = new Map(TWINS.map(twin => [twin.sha1, twin]))
const SHA1_LENGTH = 40
const NO_SCRIPT = 'NOSCRIPT No matching script. Please use EVAL.'

export const scripting: Commands = {
  eval: { arity: -3, grows: true, run: (context, [source = '', ...rest]) => run(context, load(context, source), rest) },
  evalsha: {
    arity: -3,
    grows: true,
    run: (context, [sha1 = '', ...rest]) => {
      if (sha1.length !== SHA1_LENGTH) throw new CommandError(NO_SCRIPT)
      return run(context, sha1.toLowerCase(), rest)
    },
  },
  script: subcommands('script', {
    load: { args: 1, run: (context, [source = '']) => load(context, source) },
    exists: { args: -2, run: ({ store }, sha1s) => sha1s.map(sha1 => Number(store.loadedScripts.has(sha1.toLowerCase()))) },
    flush: {
      args: -1,
      run: ({ store }, args) => {
        if (args.length > 1 || !/^(a?sync)?$/i.test(args[0] ?? '') || args[0] === '')
          throw new CommandError('ERR SCRIPT FLUSH only support SYNC|ASYNC option')
        store.loadedScripts.clear()
        return OK
      },
    },
    // A script runs to its end at once: there is never one to kill when this command is read.
    kill: {
      args: 0,
      run: () => {
        throw new CommandError('NOTBUSY No scripts in execution right now.')
      },
    },
  }),
}

/** Loads a script, and returns its SHA-1. Throws CommandError if it is not one of Ping's. */
function load({ store }: Context, source: string): string {
  const sha1 = createHash('sha1').update(source, 'latin1').digest('hex')
  if (!BY_SHA1.has(sha1)) {
    const names = TWINS.map(({ name }) => name).join(', ')
    throw new CommandError(
      `ERR this is ${SERVER_NAME}, which runs only Ping's scripts (${names}), and got another one, with the SHA-1 ${sha1}. A real Redis runs every script: ${REMEDY}.`,
    )
  }
  store.loadedScripts.add(sha1)
  return sha1
}

/** Runs to its end at once, so it is atomic. */
function run({ store, session }: Context, sha1: string, [count = '', ...args]: readonly string[]): Reply {
  const keys = int64(count)
  if (keys > BigInt(args.length)) throw new CommandError(`ERR Number of keys can't be greater than number of args`)
  if (keys < 0n) throw new CommandError(`ERR Number of keys can't be negative`)
  const twin = store.loadedScripts.has(sha1) ? BY_SHA1.get(sha1) : undefined
  if (!twin) throw new CommandError(NO_SCRIPT)
  try {
    return twin.run(session.keys(), keys > 0n ? args[0] : undefined, args.slice(Number(keys)))
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new CommandError(`${error.message} script: ${sha1}, on @user_script.`)
  }
}
