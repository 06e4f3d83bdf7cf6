import { registerHooks } from 'node:module'

/** Given to `node --import`: reports each package of OpenTelemetry that is loaded, except for the API that prom-client loads by itself. */
registerHooks({
  resolve(specifier, context, next) {
    if (specifier.startsWith('@opentelemetry/') && !context.parentURL?.includes('/prom-client/'))
      process.stderr.write(`loaded ${specifier}\n`)
    return next(specifier, context)
  },
})
