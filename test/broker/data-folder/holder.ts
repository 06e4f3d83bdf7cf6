import { openDataFolder } from '../../../broker/data-folder.ts'

/** Holds the data folder that it is told, for tests of the lock, until it is killed. */
const held = openDataFolder({ path: process.argv[2] ?? '', nodeId: 1 })
process.stdout.write('held\n')
setInterval(() => held, 60_000) // a lock that nothing refers to would be released as garbage
