// Runs before a script of package.json: `node bin/preflight.js everything && …` ends it with one line if packages or Node are missing.
import { exitIfMissing } from './missing.js'

exitIfMissing('Ping', process.argv[2])
