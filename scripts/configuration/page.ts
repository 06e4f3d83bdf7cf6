import type { Setting } from '../../src/runtime/settings.ts'
import { SECTIONS, type Section } from './sections.ts'

const HEAD = `<!-- Generated from the tables of settings in the code: \`npm run docs:configuration\`. Do not edit. -->

# Configuration

Every program is configured by environment variables, except \`ping-broker\`, which uses [Kafka's keys](broker.md#configuration).
Values are checked strictly: if a value is malformed or contradicts another one, the program does not start, and reports the name,
the value and what was expected. An empty variable counts as not set. Values marked *secret* never appear in a message or a log line.
Units are in the names or in the descriptions.`

/** The whole of docs/configuration.md. */
export function renderPage(): string {
  return `${[HEAD, ...SECTIONS.map(renderSection)].join('\n\n')}\n`
}

function renderSection({ title, intro, settings }: Section): string {
  const rows = settings.map(setting => row(`\`${setting.env}\``, shownFallback(setting), setting.expected, purpose(setting)))
  return [
    `## ${title}`,
    '',
    intro,
    '',
    row('Setting', 'Default', 'Expected', 'What it is for'),
    row('---', '---', '---', '---'),
    ...rows,
  ].join('\n')
}

function purpose({ help, secret }: Setting<unknown>): string {
  return secret ? `${help} *Secret.*` : help
}

function shownFallback({ fallback }: Setting<unknown>): string {
  if (fallback === undefined) return 'none'
  const text = Array.isArray(fallback) ? fallback.join(',') : String(fallback)
  return text === '' ? 'none' : `\`${text}\``
}

function row(...cells: readonly string[]): string {
  return `| ${cells.map(cell => cell.replaceAll('|', '\\|')).join(' | ')} |`
}
