/** What Node runs for each program. */
export interface Programs {
  readonly server: string
  readonly processor: string
  readonly broker: string
  readonly pong: string
  readonly semaphore: string
}
