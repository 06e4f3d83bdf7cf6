#!/usr/bin/env node
// What `npx ping-broker` runs: see pingcli.js.
import { exitIfMissing } from './missing.js'

exitIfMissing('ping-broker', 'program')
await import('../broker/main.js')
