import { trace } from '@opentelemetry/api'
import { BatchSpanProcessor, TracerProvider, type SpanExporter } from '@opentelemetry/sdk-trace'

/** Given to `node --import`: an SDK as a user brings it, which prints its spans. It would send them in an hour, or when it is flushed. */
const exporter: SpanExporter = {
  export(spans, done) {
    for (const span of spans) process.stderr.write(`span ${span.name} ${span.parentSpanContext?.spanId}\n`)
    done({ code: 0 })
  },
  async shutdown() {},
}
trace.setGlobalTracerProvider(
  new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter, scheduledDelayMillis: 3_600_000 })] }),
)
