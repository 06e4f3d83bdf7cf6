import { existsSync } from 'node:fs'
import { chromium, type Browser } from 'playwright-core'
import { environment } from '../../local/environment.ts'
import { onPath } from '../../local/launch/on-path.ts'

const NAMES = ['chromium', 'chromium-browser', 'google-chrome']

/** The full path of a Chromium: what the variable CHROMIUM names, or one on the path. */
function chromiumCommand(): string | undefined {
  return environment()['CHROMIUM'] ?? NAMES.map(onPath).find(path => path !== undefined)
}

/** Why there is no Chromium here, or undefined if there is one. */
export function missingForChromium(): string | undefined {
  const command = chromiumCommand()
  if (command === undefined) return `no \`chromium\` on the path: install the Debian package chromium, or set CHROMIUM to the path of one`
  return existsSync(command) ? undefined : `CHROMIUM: got ${command}, which does not exist, expected the path of a Chromium`
}

/** Starts a Chromium without a window. The caller closes it. */
export async function startChromium(): Promise<Browser> {
  const executablePath = chromiumCommand()
  if (executablePath === undefined) throw new Error(missingForChromium())
  // Its sandbox refuses to work for root.
  return chromium.launch({ executablePath, headless: true, chromiumSandbox: process.getuid?.() !== 0, env: environment() })
}
