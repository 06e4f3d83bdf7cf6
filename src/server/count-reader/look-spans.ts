import { ATTRIBUTES, SPANS, SYSTEMS } from '../../tracing/names.ts'

/** How looks appear in the trace of a call. Callers at the same time share a look; each trace shows how long its call waited for it. */
export const CACHE_LOOK = { name: SPANS.cacheLook, attributes: { [ATTRIBUTES.dbSystem]: SYSTEMS.redis } }
export const DATABASE_LOOK = { name: SPANS.databaseLook, attributes: { [ATTRIBUTES.dbSystem]: SYSTEMS.postgres } }
