import { createHash } from 'node:crypto'
import { CommandError, type Reply } from '../reply.ts'
import { callArguments, pushReply, replyAt, textField } from './convert.ts'
import { LUA, LuaMachine } from './machine.ts'
import { PRELUDE } from './prelude.ts'

export interface ScriptCall {
  readonly keys: readonly string[]
  readonly argv: readonly string[]
  /** Runs a command for the script. */
  readonly call: (args: readonly string[]) => Reply
}

/** A script that runs longer is ended: nobody else is served meanwhile. */
const LIMIT_MS = 5_000
const CHECK_EVERY_INSTRUCTIONS = 100_000
const NO_ARGUMENT = 'ERR Please specify at least one argument for this redis lib call'
const WRONG_ARGUMENT = 'ERR Lua redis lib command arguments must be strings or integers'

/** The scripts that were sent, by their SHA-1, and the Lua they run in. A script runs to its end in one go, so it is atomic. */
export class Scripts {
  readonly #lua: LuaMachine
  readonly #functions = new Map<string, number>()
  #running: ScriptCall | undefined
  #deadlineMs = 0

  private constructor(lua: LuaMachine) {
    this.#lua = lua
    lua.define('raw_call', state => pushReply(lua, state, this.#call(state)))
    lua.define('raw_sha1', state => lua.pushText(state, sha1(lua.text(state, 1))))
    if (!lua.compile(PRELUDE, '=prelude') || !lua.protectedCall(0)) throw new Error(`prelude: ${lua.text(lua.main, -1)}`)
    lua.pop(lua.main, 1)
    lua.guard(CHECK_EVERY_INSTRUCTIONS, () => (Date.now() > this.#deadlineMs ? `script ran longer than ${LIMIT_MS} ms and was ended` : undefined))
  }

  static async create(): Promise<Scripts> {
    return new Scripts(await LuaMachine.create())
  }

  has(sha: string): boolean {
    return this.#functions.has(sha.toLowerCase())
  }

  /** Compiles a script, once, and returns its SHA-1. */
  load(source: string): string {
    const sha = sha1(source)
    if (this.has(sha)) return sha
    const lua = this.#lua
    if (!lua.compile(source, '@user_script')) {
      const message = lua.text(lua.main, -1)
      lua.pop(lua.main, 1)
      throw new CommandError(`ERR Error compiling script (new function): ${message}`)
    }
    this.#functions.set(sha, lua.keep())
    return sha
  }

  flush(): void {
    for (const reference of this.#functions.values()) this.#lua.forget(reference)
    this.#functions.clear()
  }

  /** Runs a loaded script. Throws CommandError for what it raises. */
  run(sha: string, call: ScriptCall): Reply {
    const lua = this.#lua
    this.#running = call
    this.#deadlineMs = Date.now() + LIMIT_MS
    try {
      for (const [name, texts] of [['KEYS', call.keys], ['ARGV', call.argv]] as const) {
        pushReply(lua, lua.main, texts)
        lua.setGlobal(name)
      }
      lua.pushKept(this.#functions.get(sha) as number)
      if (lua.protectedCall(0)) return replyAt(lua, lua.main)
      throw new CommandError(`${this.#raised()} script: ${sha}, on @user_script.`)
    } finally {
      this.#running = undefined
      lua.api._lua_settop(lua.main, 0)
    }
  }

  #raised(): string {
    const lua = this.#lua
    if (lua.api._lua_type(lua.main, -1) !== LUA.table) return `ERR ${lua.text(lua.main, -1)}`
    return textField(lua, lua.main, 'err') ?? 'ERR an error that is no text was raised'
  }

  #call(state: number): Reply {
    const args = callArguments(this.#lua, state)
    if (!args) return { error: WRONG_ARGUMENT }
    if (args.length === 0) return { error: NO_ARGUMENT }
    return (this.#running as ScriptCall).call(args)
  }
}

function sha1(text: string): string {
  return createHash('sha1').update(text, 'latin1').digest('hex')
}
