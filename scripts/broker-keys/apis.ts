import { APIS } from '../../broker/wire/apis.ts'
import { table } from './table.ts'

/** Each API with the versions that the broker speaks, as docs/broker.md lists them. */
export function renderApis(): string {
  return table(
    ['API', 'Key', 'Versions'],
    APIS.map(({ name, key, minVersion, maxVersion }) => [name, String(key), `${minVersion}–${maxVersion}`]),
  )
}
