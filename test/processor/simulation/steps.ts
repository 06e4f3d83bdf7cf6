/** How a request ends: as it should; carried out, but the answer is lost; or never carried out. */
export type Fate = 'answered' | 'reply lost' | 'request lost'

interface Request {
  readonly run: () => unknown
  readonly resolve: (value: unknown) => void
  readonly reject: (error: Error) => void
}

/** A processor's requests to cache and Postgres that the schedule has not decided on yet: the processor stands still at each. */
export class Steps {
  readonly waiting: Request[] = []

  request<T>(run: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.waiting.push({ run, resolve: resolve as (value: unknown) => void, reject })
    })
  }

  /** Has one waiting request carried out. */
  take(index: number, fate: Fate): void {
    const [request] = this.waiting.splice(index, 1)
    try {
      const value = fate === 'request lost' ? undefined : request!.run()
      if (fate === 'answered') return request!.resolve(value)
      request!.reject(new Error(fate))
    } catch (error) {
      request!.reject(error as Error)
    }
  }
}
