/**
 * The only failure after which a test runs once more is a wait that ended: a machine that does something else for a while looks the
 * same as a program that hangs. A wrong value never gets a second chance. The end of the output names each test that needed one.
 */
export const onceMore = { count: 1, condition: /^not within \d+ ms: |^(Test|Hook) timed out in \d+ms|was not ready after \d+ ms/ }
