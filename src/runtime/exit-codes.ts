/** A start that failed for a reason that may pass, or a stop that went wrong. */
export const FAILED = 1

/** Arguments that the program does not know, as shells have it. */
export const WRONG_USAGE = 2

/**
 * A start that failed for a reason that will not pass: a wrong setting, or kept data that cannot be used. Whoever starts
 * programs again need not try. The number is EX_CONFIG of sysexits.h.
 */
export const UNUSABLE = 78
