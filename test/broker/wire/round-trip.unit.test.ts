import { describe, expect, test } from 'vitest'
import { atDepth } from '../../support/depth.ts'
import { seededRandom } from '../../support/random.ts'
import { decode, encode, messagesOf, NAMED_APIS } from './messages.ts'
import { asGiven, asRead, randomMessage } from './model.ts'

const MESSAGES_EACH = atDepth({ normally: 10, thoroughly: 25 })
const SEED = 4

describe('a written message', () => {
  test.each(NAMED_APIS)('is read as the same message and written back to the same bytes: $name', ({ api }) => {
    const random = seededRandom(SEED)
    for (const message of messagesOf(api)) {
      for (let count = 0; count < MESSAGES_EACH; count++) {
        const given = randomMessage(message.shape, message.layout, random)
        const bytes = encode(message, given)
        const read = decode(message, bytes) as Record<string, unknown>
        expect(read, message.title).toEqual(asRead(message.shape, given, message.layout.version))
        expect(encode(message, asGiven(message.shape, read)).equals(bytes), message.title).toBe(true)
      }
    }
  })
})
