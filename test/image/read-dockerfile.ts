import { Copy, DockerfileParser, From, JSONInstruction, ModifiableInstruction, type Instruction } from 'dockerfile-ast'
import { validate } from 'dockerfile-utils'

/** One instruction of a stage. */
export interface Step {
  /** In capitals. */
  readonly keyword: string
  /** Without the flags. */
  readonly words: readonly string[]
  /** `--name` or `--name=value`. */
  readonly flags: readonly string[]
  /** Written as a JSON list, so that it is run without a shell. */
  readonly isList: boolean
  readonly hasHeredoc: boolean
}

export interface Stage {
  readonly name: string
  /** An image, or the name of a stage. */
  readonly from: string
  readonly steps: readonly Step[]
}

export interface DockerfileContent {
  /** What the parser objects to. */
  readonly problems: readonly string[]
  /** Instructions before the first stage. */
  readonly head: readonly Step[]
  readonly stages: readonly Stage[]
}

export function readDockerfile(text: string): DockerfileContent {
  const head: Step[] = []
  const stages: { name: string; from: string; steps: Step[] }[] = []
  for (const instruction of DockerfileParser.parse(text).getInstructions()) {
    if (instruction instanceof From) stages.push({ name: instruction.getBuildStage() ?? '', from: instruction.getImage() ?? '', steps: [] })
    else (stages.at(-1)?.steps ?? head).push(toStep(instruction))
  }
  return { problems: validate(text).map(({ message, range }) => `line ${range.start.line + 1}: ${message}`), head, stages }
}

/** All steps that make a target: its own, after those of the stages that it is made from. */
export function stepsOf(stages: readonly Stage[], target: string): readonly Step[] {
  const stage = stages.find(({ name }) => name === target)
  return stage ? [...stepsOf(stages, stage.from), ...stage.steps] : []
}

function toStep(instruction: Instruction): Step {
  const isList = instruction instanceof JSONInstruction && instruction.getOpeningBracket() !== null
  return {
    keyword: instruction.getKeyword(),
    words: isList ? instruction.getJSONStrings().map(text => JSON.parse(text.getValue()) as string) : wordsOf(instruction),
    flags: instruction instanceof ModifiableInstruction ? instruction.getFlags().map(String) : [],
    isList,
    hasHeredoc:
      instruction instanceof Copy ? instruction.getHeredocs().length > 0 : instruction.getRawArgumentsContent()?.includes('<<') === true,
  }
}

function wordsOf(instruction: Instruction): readonly string[] {
  const flags = instruction instanceof ModifiableInstruction ? instruction.getFlags().length : 0
  const words = instruction.getArguments().map(word => word.getValue())
  return words.slice(words[0]?.startsWith('--') ? flags : 0)
}
