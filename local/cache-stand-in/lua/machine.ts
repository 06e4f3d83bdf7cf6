import { LuaFactory } from 'wasmoon'

/** Types of Lua values, as lua.h numbers them. */
export const LUA = { nil: 0, boolean: 1, number: 3, string: 4, table: 5 } as const
const REGISTRY = -1_001_000 // LUA_REGISTRYINDEX of Lua 5.4 with its default stack size
const MASK_COUNT = 8

/** The functions of Lua's C interface that we use, as WebAssembly has them: pointers are numbers, integers of Lua bigints. */
interface Api {
  readonly HEAPU8: Uint8Array
  readonly HEAPU32: Uint32Array
  addFunction(run: (...args: number[]) => number | void, signature: string): number
  _malloc(size: number): number
  _free(pointer: number): void
  _lua_gettop(state: number): number
  _lua_settop(state: number, index: number): void
  _lua_type(state: number, index: number): number
  _lua_toboolean(state: number, index: number): number
  _lua_tonumberx(state: number, index: number, isNumber: number): number
  _lua_tolstring(state: number, index: number, length: number): number
  _lua_pushnil(state: number): void
  _lua_pushboolean(state: number, value: number): void
  _lua_pushinteger(state: number, value: bigint): void
  _lua_pushlstring(state: number, text: number, length: number): number
  _lua_pushcclosure(state: number, run: number, upvalues: number): void
  _lua_createtable(state: number, items: number, fields: number): void
  _lua_rawgeti(state: number, index: number, item: bigint): number
  _lua_rawseti(state: number, index: number, item: bigint): void
  _lua_rawget(state: number, index: number): number
  _lua_rawset(state: number, index: number): void
  _lua_rotate(state: number, index: number, by: number): void
  _lua_pcallk(state: number, args: number, results: number, handler: number, context: bigint | number, next: number): number
  _lua_checkstack(state: number, slots: number): number
  _lua_error(state: number): number
  _lua_sethook(state: number, hook: number, mask: number, count: number): void
  _luaL_loadbufferx(state: number, text: number, length: number, name: number, mode: number): number
  _luaL_ref(state: number, table: number): number
  _luaL_unref(state: number, table: number, reference: number): void
}

/**
 * A Lua 5.4 in WebAssembly, at the level of its C interface: only there do texts keep their bytes and calls stay
 * synchronous and cheap. Texts are binary strings (one character a byte). The stack is Lua's.
 */
export class LuaMachine {
  readonly api: Api
  readonly main: number
  readonly #lengthPointer: number

  private constructor(api: Api, main: number) {
    this.api = api
    this.main = main
    this.#lengthPointer = api._malloc(8)
  }

  static async create(): Promise<LuaMachine> {
    const wasm = await new LuaFactory().getLuaModule()
    const main = wasm.luaL_newstate()
    wasm.luaL_openlibs(main)
    return new LuaMachine(wasm.module as unknown as Api, main)
  }

  /** The text (or number, as text) at `index`. */
  text(state: number, index: number): string {
    const start = this.api._lua_tolstring(state, index, this.#lengthPointer)
    const length = this.api.HEAPU32[this.#lengthPointer >> 2] ?? 0
    return start === 0 ? '' : Buffer.from(this.api.HEAPU8.buffer, start, length).toString('latin1')
  }

  pushText(state: number, text: string): void {
    this.#withBytes(text, (pointer, length) => this.api._lua_pushlstring(state, pointer, length))
  }

  /** Pushes the value of a field of the table at `index` and returns its type. */
  pushField(state: number, index: number, name: string): number {
    this.pushText(state, name)
    return this.api._lua_rawget(state, index < 0 ? index - 1 : index)
  }

  /** Sets a field of the table at the top to a text. */
  setTextField(state: number, name: string, value: string): void {
    this.pushText(state, name)
    this.pushText(state, value)
    this.api._lua_rawset(state, -3)
  }

  /** Pops a value and makes it a global, whatever guards the globals. */
  setGlobal(name: string): void {
    const { api, main } = this
    api._lua_rawgeti(main, REGISTRY, 2n) // LUA_RIDX_GLOBALS
    this.pushText(main, name)
    api._lua_rotate(main, -3, -1) // value, globals, name → globals, name, value
    api._lua_rawset(main, -3)
    this.pop(main, 1)
  }

  /** Compiles a chunk; pushes the function, or the message. True if it compiled. */
  compile(source: string, name: string): boolean {
    const chunkName = this.#copy(`${name}\0`)
    const mode = this.#copy('t\0') // text only: byte code could break out
    try {
      return this.#withBytes(source, (pointer, length) => this.api._luaL_loadbufferx(this.main, pointer, length, chunkName, mode)) === 0
    } finally {
      this.api._free(chunkName)
      this.api._free(mode)
    }
  }

  /** Calls the function below its `args` arguments; pushes one result, or what was raised. True if nothing was. */
  protectedCall(args: number): boolean {
    return this.api._lua_pcallk(this.main, args, 1, 0, 0, 0) === 0
  }

  /** Makes a function of ours callable from Lua, as a global. It gets the state that calls and pushes one result. */
  define(name: string, run: (state: number) => void): void {
    const pointer = this.api.addFunction((state = 0) => {
      run(state)
      return 1
    }, 'ii')
    this.api._lua_pushcclosure(this.main, pointer, 0)
    this.setGlobal(name)
  }

  /** Calls `check` every so many instructions; when it returns a text, the script is ended with it. */
  guard(everyInstructions: number, check: () => string | undefined): void {
    const hook = this.api.addFunction((state = 0) => {
      const message = check()
      if (message === undefined) return
      this.pushText(state, message)
      this.api._lua_error(state)
    }, 'vii')
    this.api._lua_sethook(this.main, hook, MASK_COUNT, everyInstructions)
  }

  /** Pops a value and keeps it; the number brings it back. */
  keep(): number {
    return this.api._luaL_ref(this.main, REGISTRY)
  }

  pushKept(reference: number): void {
    this.api._lua_rawgeti(this.main, REGISTRY, BigInt(reference))
  }

  forget(reference: number): void {
    this.api._luaL_unref(this.main, REGISTRY, reference)
  }

  pop(state: number, count: number): void {
    this.api._lua_settop(state, -count - 1)
  }

  #withBytes<T>(text: string, use: (pointer: number, length: number) => T): T {
    const pointer = this.#copy(text)
    try {
      return use(pointer, text.length)
    } finally {
      this.api._free(pointer)
    }
  }

  #copy(text: string): number {
    const pointer = this.api._malloc(text.length + 1)
    if (pointer === 0) throw new RangeError('Lua is out of memory')
    Buffer.from(this.api.HEAPU8.buffer, pointer, text.length + 1).write(text, 'latin1')
    return pointer
  }
}
