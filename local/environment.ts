/** The only place where this program reads its environment: settings come from it, and its processes inherit it. */
export function environment(): NodeJS.ProcessEnv {
  return process.env
}
