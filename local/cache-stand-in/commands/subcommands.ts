import { shown } from '../arguments.ts'
import type { Command } from '../command.ts'
import { CommandError } from '../reply.ts'

export interface Subcommand {
  /** How many arguments it takes after its name; negative: at least one fewer than this many. */
  readonly args: number
  readonly run: Command['run']
}

/** A command whose first argument is a subcommand. */
export function subcommands(parent: string, known: Readonly<Record<string, Subcommand>>): Command {
  const help = [
    `${parent.toUpperCase()} <subcommand> [<arg> ...]. This stand-in has these subcommands of Redis:`,
    ...Object.keys(known).map(name => name.toUpperCase()),
  ]
  const all = new Map<string, Subcommand>([...Object.entries(known), ['help', { args: 0, run: () => help.map(status => ({ status })) }]])
  return {
    arity: -2,
    run: (context, [name = '', ...args]) => {
      const subcommand = all.get(name.toLowerCase())
      if (!subcommand) throw new CommandError(`ERR unknown subcommand '${shown(name)}'. Try ${parent.toUpperCase()} HELP.`)
      const { args: count, run } = subcommand
      if (count >= 0 ? args.length !== count : args.length < -count - 1) {
        throw new CommandError(`ERR wrong number of arguments for '${parent}|${name.toLowerCase()}' command`)
      }
      return run(context, args)
    },
  }
}
