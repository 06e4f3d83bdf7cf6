/**
 * What a handler may say of its call besides its answer. The way in supplies it: Connect's adapter
 * does today, a leaner one can without a change to the handlers.
 */
export interface Call {
  /** Sets a header of the answer, on success and on failure. */
  responseHeader(name: string, value: string): void
}

/** One RPC over plain messages. Throws the errors of ../errors.ts. */
export type Handler<Request, Response> = (request: Request, call: Call) => Promise<Response>
