import { openDataFolder } from '../../../broker/data-folder.ts'

/** Holds the data folder in its argument until it is killed, for tests of the lock. */
const held = openDataFolder({ path: process.argv[2] ?? '', nodeId: 1 })
process.stdout.write('held\n')
setInterval(() => held, 60_000) // a lock that nothing refers to would be released as garbage
