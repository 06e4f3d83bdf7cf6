import { registerHooks } from 'node:module'

/** Given to `node --import`: optional packages are as if they were not installed. */
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@opentelemetry/') && specifier !== '@opentelemetry/api')
      throw Object.assign(new Error(`Cannot find package '${specifier}' imported from ${context.parentURL}`), {
        code: 'ERR_MODULE_NOT_FOUND',
      })
    return next(specifier, context)
  },
})
