import { isFailure, isPairs, isStatus, type Reply } from '../reply.ts'
import { LUA, type LuaMachine } from './machine.ts'

const MAX_DEPTH = 100
const INT64_MIN = -(2n ** 63n)

/** Pushes a reply as a script sees it: nil is false, status and error are tables `{ok=}` and `{err=}`. */
export function pushReply(lua: LuaMachine, state: number, reply: Reply): void {
  const { api } = lua
  api._lua_checkstack(state, 8)
  if (reply === null) api._lua_pushboolean(state, 0)
  else if (typeof reply === 'string') lua.pushText(state, reply)
  else if (typeof reply === 'number' || typeof reply === 'bigint') api._lua_pushinteger(state, BigInt(reply))
  else if (isStatus(reply) || isFailure(reply)) {
    api._lua_createtable(state, 0, 1)
    lua.setTextField(state, isStatus(reply) ? 'ok' : 'err', isStatus(reply) ? reply.status : reply.error)
  } else pushArray(lua, state, isPairs(reply) ? reply.pairs : reply)
}

function pushArray(lua: LuaMachine, state: number, items: readonly Reply[]): void {
  lua.api._lua_createtable(state, items.length, 0)
  items.forEach((item, index) => {
    pushReply(lua, state, item)
    lua.api._lua_rawseti(state, -2, BigInt(index + 1))
  })
}

/** The value at the top of the stack as a reply: a table ends at its first nil, numbers lose their fraction. */
export function replyAt(lua: LuaMachine, state: number, depth = 0): Reply {
  const { api } = lua
  const type = api._lua_type(state, -1)
  if (type === LUA.string) return lua.text(state, -1)
  if (type === LUA.number) return truncated(api._lua_tonumberx(state, -1, 0))
  if (type === LUA.boolean) return api._lua_toboolean(state, -1) ? 1 : null
  if (type !== LUA.table) return null
  if (depth > MAX_DEPTH || !api._lua_checkstack(state, 8)) return { error: 'ERR reached lua stack limit' }
  const failure = textField(lua, state, 'err')
  if (failure !== undefined) return { error: failure.replace(/^-/, '') }
  const status = textField(lua, state, 'ok')
  return status === undefined ? arrayAt(lua, state, depth) : { status }
}

function arrayAt(lua: LuaMachine, state: number, depth: number): Reply {
  const items: Reply[] = []
  for (;;) {
    const type = lua.api._lua_rawgeti(state, -1, BigInt(items.length + 1))
    if (type !== LUA.nil) items.push(replyAt(lua, state, depth + 1))
    lua.pop(state, 1)
    if (type === LUA.nil) return items
  }
}

/** A text field of the table at the top, or undefined. */
export function textField(lua: LuaMachine, state: number, name: string): string | undefined {
  const type = lua.pushField(state, -1, name)
  const text = type === LUA.string ? lua.text(state, -1) : undefined
  lua.pop(state, 1)
  return text
}

/** As C casts a double to a 64-bit integer: without its fraction, and the smallest one for all that do not fit. */
function truncated(value: number): bigint {
  return Number.isFinite(value) && Math.abs(value) < 2 ** 63 ? BigInt(Math.trunc(value)) : INT64_MIN
}

/** The arguments of redis.call, or undefined if one is neither text nor number. Numbers become text as with %.17g. */
export function callArguments(lua: LuaMachine, state: number): string[] | undefined {
  const args: string[] = []
  const count = lua.api._lua_gettop(state)
  for (let index = 1; index <= count; index++) {
    const type = lua.api._lua_type(state, index)
    if (type === LUA.number) args.push(general17(lua.api._lua_tonumberx(state, index, 0)))
    else if (type === LUA.string) args.push(lua.text(state, index))
    else return undefined
  }
  return args
}

/** C's %.17g. */
export function general17(value: number): string {
  if (Number.isNaN(value)) return 'nan'
  if (!Number.isFinite(value)) return value > 0 ? 'inf' : '-inf'
  const [digits = '', exponent = '0'] = value.toExponential(16).split('e')
  if (Number(exponent) < -4 || Number(exponent) >= 17) {
    const sign = exponent.startsWith('-') ? '-' : '+'
    return `${withoutZeros(digits)}e${sign}${exponent.replace(/^[+-]/, '').padStart(2, '0')}`
  }
  return withoutZeros(value.toFixed(16 - Number(exponent)))
}

function withoutZeros(digits: string): string {
  return digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits
}
