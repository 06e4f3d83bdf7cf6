import { createLogger } from '../../runtime/logger.ts'

/** For the clients of the stores: what fails is reported by the command itself. */
export const silentLog = createLogger({ name: 'pingcli', level: 'silent' })
