/** A start that failed for a reason that may be temporary, or a stop that failed. */
export const FAILED = 1

/** Unknown arguments, as in shells. */
export const WRONG_USAGE = 2

/**
 * A start that failed for a permanent reason: a wrong setting, or stored data that cannot be used. A supervisor should not
 * restart the program. The number is EX_CONFIG of sysexits.h.
 */
export const UNUSABLE = 78

/** A forced stop: the code that a shell reports for SIGKILL. */
export const FORCED = 137
