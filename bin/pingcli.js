#!/usr/bin/env node
// What `npx pingcli` runs: plain JavaScript, since the Node on the user's path may be older than Ping's.
import { exitIfMissing } from './missing.js'

exitIfMissing('pingcli', 'program')
await import('../src/cli/main.ts')
