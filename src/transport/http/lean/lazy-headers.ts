/**
 * Headers that become the platform's own when a caller needs more than the subclass offers. Creating those for each call is
 * expensive, and most calls read three headers and set one.
 */
export abstract class LazyHeaders implements Headers {
  #whole: Headers | undefined

  /** The platform's headers with the names and values so far. */
  protected abstract made(): Headers

  /** The platform's headers, if they have been needed. */
  protected get asked(): Headers | undefined {
    return this.#whole
  }

  get whole(): Headers {
    return (this.#whole ??= this.made())
  }

  append(name: string, value: string): void {
    this.whole.append(name, value)
  }

  delete(name: string): void {
    this.whole.delete(name)
  }

  get(name: string): string | null {
    return this.whole.get(name)
  }

  has(name: string): boolean {
    return this.get(name) !== null
  }

  set(name: string, value: string): void {
    this.whole.set(name, value)
  }

  getSetCookie(): string[] {
    return this.whole.getSetCookie()
  }

  forEach(callback: (value: string, key: string, parent: Headers) => void, thisArg?: unknown): void {
    this.whole.forEach((value, key) => callback.call(thisArg, value, key, this))
  }

  keys(): ReturnType<Headers['keys']> {
    return this.whole.keys()
  }

  values(): ReturnType<Headers['values']> {
    return this.whole.values()
  }

  entries(): ReturnType<Headers['entries']> {
    return this.whole.entries()
  }

  [Symbol.iterator](): ReturnType<Headers['entries']> {
    return this.whole.entries()
  }
}

// Makes `instanceof Headers` true.
Object.setPrototypeOf(LazyHeaders.prototype, Headers.prototype)
