import type { TracerProvider } from '@opentelemetry/api'

/** Where every version 1.x of @opentelemetry/api keeps what is registered with it, also if several copies are loaded. */
const REGISTERED = Symbol.for('opentelemetry.js.api.1')

/** What is registered: a provider, or a proxy that has one as its delegate. */
export type RegisteredProvider = TracerProvider & {
  readonly getDelegate?: () => RegisteredProvider
  readonly forceFlush?: () => Promise<void>
}

/** The provider of an SDK that the user brought, such as by `node --import`. It is found without loading anything. */
export function ownProvider(scope: object = globalThis): RegisteredProvider | undefined {
  const registered = (scope as { readonly [REGISTERED]?: { readonly trace?: RegisteredProvider } })[REGISTERED]
  return registered?.trace
}
