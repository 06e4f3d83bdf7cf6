/** Of the resource with this number, from 0. */
export function resourceName(number: number): string {
  return `crane-${number}`
}

export function resourceNumber(name: string): number {
  return Number(name.split('-')[1])
}
