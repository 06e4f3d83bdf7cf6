/** Where rows lie that a contender numbers itself: sixteen lanes, and a tag of 63 bits, as the recorder's own. */
export const LANES = 16
export const TAG = '4611686018427387904'
