import { typeFaults } from '../types/compile.ts'
import { literalsOf } from '../types/literals.ts'
import type { Check } from './check.ts'

export const typed: Check = {
  title: 'have only fields that their kinds have, with values of the right types',
  find: project => typeFaults(literalsOf(project)),
}
