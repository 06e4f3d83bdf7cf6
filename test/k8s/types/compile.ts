import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ROOT } from '../project/project-files.ts'
import type { Literal } from './literals.ts'

const COMPILER_OPTIONS = {
  module: 'nodenext',
  target: 'esnext',
  lib: ['esnext'],
  types: [],
  noEmit: true,
  skipLibCheck: true,
  strict: true,
  exactOptionalPropertyTypes: true,
  allowImportingTsExtensions: true,
}
const COMPILE_WITHIN_MS = 60_000
const MAX_MESSAGE_LENGTH = 300

/** The compiler's messages for each text, so that a text is compiled only once. */
const verdicts = new Map<string, readonly string[]>()

/** What the types of their kinds refuse in the literals, unknown fields above all. Runs the compiler in its own folder. */
export async function typeFaults(literals: readonly Literal[]): Promise<readonly string[]> {
  const open = literals.filter(({ model, text }) => model !== undefined && !verdicts.has(text))
  if (open.length > 0) await compile(open)
  return literals.flatMap(({ from, model, text }) =>
    model === undefined
      ? [`${from}: no type is known for ${text.slice(0, 80)}…, expected one in test/k8s/kinds`]
      : (verdicts.get(text) ?? []).map(message => `${from}: ${message}`),
  )
}

async function compile(literals: readonly Literal[]): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'ping-k8s-'))
  try {
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions: COMPILER_OPTIONS, files: ['literals.ts'] }))
    writeFileSync(join(folder, 'package.json'), '{"type":"module"}')
    writeFileSync(join(folder, 'literals.ts'), literals.map(toLine).join('\n'))
    const said = messagesByLine(await runCompiler(folder))
    for (const [index, { text }] of literals.entries()) verdicts.set(text, said.get(index + 1) ?? [])
  } finally {
    rmSync(folder, { recursive: true })
  }
}

function toLine({ model, text }: Literal, index: number): string {
  return `import type { ${model?.type} as T${index} } from '${model?.types}'; export const literal${index}: T${index} = ${text}`
}

async function runCompiler(folder: string): Promise<string> {
  const tsc = join(ROOT, 'node_modules', 'typescript', 'bin', 'tsc')
  try {
    await promisify(execFile)(process.execPath, [tsc, '--project', folder, '--pretty', 'false'], {
      cwd: folder,
      timeout: COMPILE_WITHIN_MS,
    })
    return ''
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string }
    if (!stdout.includes('error TS')) throw new Error(`the compiler did not run: ${stdout}${stderr}`, { cause: error })
    return stdout
  }
}

function messagesByLine(output: string): ReadonlyMap<number, readonly string[]> {
  const messages = [...output.matchAll(/^(.*?)\((\d+),\d+\): error TS\d+: (.*)$/gm)]
  const strange = output.split('\n').find(line => line.includes('error TS') && !line.startsWith('literals.ts('))
  if (strange !== undefined) throw new Error(`the compiler objects to something else: ${strange}`)
  return new Map(
    Object.entries(Object.groupBy(messages, ([, , line]) => line!)).map(([line, found = []]) => [
      Number(line),
      found.map(([, , , message]) => message!.slice(0, MAX_MESSAGE_LENGTH)),
    ]),
  )
}
