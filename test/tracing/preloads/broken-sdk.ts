import { trace } from '@opentelemetry/api'
import { TracerProvider, type SpanProcessor } from '@opentelemetry/sdk-trace'

/** Given to `node --import`: an SDK as a user brings it, which throws at each span and at the stop. */
const broken = (): never => {
  throw new Error('broken SDK')
}
const processor: SpanProcessor = { onStart: broken, onEnd: broken, forceFlush: broken, shutdown: broken }
trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }))
