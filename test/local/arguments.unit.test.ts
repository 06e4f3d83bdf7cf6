import { describe, expect, test } from 'vitest'
import { EXTRAS, readArguments, startCommand, USAGE } from '../../local/arguments.ts'

describe('the arguments of npm start', () => {
  test.each([
    [[], []],
    [['--with', 'pong'], ['pong']],
    [['--with=semaphore'], ['semaphore']],
    [
      ['--with', 'semaphore,pong'],
      ['pong', 'semaphore'],
    ],
    [
      ['--with', 'pong, semaphore,pong'],
      ['pong', 'semaphore'],
    ],
    [
      ['--with', 'semaphore', '--with', 'pong'],
      ['pong', 'semaphore'],
    ],
  ])('%j run %j next to Ping', (args, extras) => expect(readArguments(args)).toEqual({ help: false, extras }))

  test.each([
    [['--with'], '--with: got nothing, expected pong, semaphore or both, separated by commas'],
    [['--with', ''], '--with: got "", expected pong, semaphore or both, separated by commas'],
    [['--with', 'ping'], '--with: got "ping", expected pong, semaphore or both, separated by commas'],
    [['--with', 'pong,'], '--with: got "pong,", expected pong, semaphore or both, separated by commas'],
    [['--with', 'pong semaphore'], '--with: got "pong semaphore", expected pong, semaphore or both, separated by commas'],
    [['--with', 'pong', 'semaphore'], 'argument: got "semaphore", expected --with, --help or nothing'],
    [['pong'], 'argument: got "pong", expected --with, --help or nothing'],
    [['--without=pong'], 'argument: got "--without=pong", expected --with, --help or nothing'],
    [['-w'], 'argument: got "-w", expected --with, --help or nothing'],
    [['--help=all'], 'argument: got "--help=all", expected --with, --help or nothing'],
    [['--'], 'argument: got "--", expected --with, --help or nothing'],
  ])('%j are refused', (args, message) => expect(() => readArguments(args)).toThrow(message))

  test('ask for the usage, which names every system, if --help is among them', () => {
    expect(readArguments(['--help'])).toEqual({ help: true, extras: [] })
    expect(readArguments(['--with', 'pong', '--help']).help).toBe(true)
    for (const name of EXTRAS) expect(USAGE).toMatch(new RegExp(`^ +${name} `, 'm'))
  })

  test('are repeated by the line to copy', () => {
    expect([startCommand([]), startCommand(['semaphore'])]).toEqual(['npm start', 'npm start -- --with semaphore'])
  })
})
