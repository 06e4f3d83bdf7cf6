/** The places of rows that a contender numbers itself: sixteen lanes, and a tag of 63 bits, like the recorder's. */
export const LANES = 16
export const TAG = '4611686018427387904'
