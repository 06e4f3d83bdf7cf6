import type { ContextKey, ContextValues } from '@connectrpc/connect'

/** Connect's values of a call, without new functions for each call. */
export class CallValues implements ContextValues {
  get<T>(key: ContextKey<T>): T {
    const values = this as unknown as Record<symbol, T>
    return key.id in this ? (values[key.id] as T) : key.defaultValue
  }

  set<T>(key: ContextKey<T>, value: T): this {
    ;(this as unknown as Record<symbol, T>)[key.id] = value
    return this
  }

  delete(key: ContextKey<unknown>): this {
    delete (this as unknown as Record<symbol, unknown>)[key.id]
    return this
  }
}
