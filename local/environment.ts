/** The only place where this program reads its environment: settings come from it, and little else of it reaches its processes. */
export function environment(): NodeJS.ProcessEnv {
  return process.env
}
