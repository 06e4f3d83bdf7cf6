import { writeSync } from 'node:fs'
import { identityOf } from '../../../local/supervision/identity-of.ts'
import { PidFiles } from '../../../local/supervision/pid-files.ts'

/** From now on, this process kills itself when it has started a process of this part but has not noted it. It prints which one. */
export function dieBeforeNote(dying: string): void {
  const { write } = PidFiles.prototype
  PidFiles.prototype.write = function (this: PidFiles, part, pid) {
    if (part !== dying) return write.call(this, part, pid)
    writeSync(1, `not noted: ${JSON.stringify({ pid, identity: identityOf(pid) })}\n`)
    process.kill(process.pid, 'SIGKILL')
  }
}
