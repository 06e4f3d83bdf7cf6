import { isObject, type Json } from '../project/read-yaml.ts'

/** One step of RFC 6902, of which we use these. */
export interface Operation {
  readonly op: 'add' | 'replace' | 'remove'
  readonly path: string
  readonly value?: Json
}

/** A copy with the operations applied. Throws if the path of one does not exist. */
export function applyOperations(document: Json, operations: readonly Operation[]): Json {
  return operations.reduce((before, operation) => applyAt(before, pointerOf(operation.path), operation), document)
}

function pointerOf(path: string): readonly string[] {
  return path
    .split('/')
    .slice(1)
    .map(part => part.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function applyAt(target: Json, [name, ...deeper]: readonly string[], operation: Operation): Json {
  const { op, path, value = null } = operation
  const missing = new Error(`patch ${op} ${path}: got a document without that place, expected one with it`)
  if (name === undefined) return value
  const isLast = deeper.length === 0
  if (Array.isArray(target)) {
    const index = name === '-' ? target.length : Number(name)
    if (!(index < target.length || (isLast && op === 'add' && index === target.length))) throw missing
    if (!isLast) return target.with(index, applyAt(target[index] as Json, deeper, operation))
    if (op === 'add') return target.toSpliced(index, 0, value)
    return op === 'remove' ? target.toSpliced(index, 1) : target.with(index, value)
  }
  if (!isObject(target)) throw missing
  const inner = target[name]
  if (inner === undefined && !(isLast && op === 'add')) throw missing
  if (!isLast) return { ...target, [name]: applyAt(inner as Json, deeper, operation) }
  if (op !== 'remove') return { ...target, [name]: value }
  return Object.fromEntries(Object.entries(target).filter(([key]) => key !== name))
}
