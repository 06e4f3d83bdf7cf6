import type { Protocol } from './results.ts'

interface Voter {
  readonly protocols: readonly Protocol[]
}

/** The protocol with the most votes among those that all members support. Each member votes for its first supported choice. A tie goes to the protocol with the earliest vote. */
export function selectProtocol(members: Iterable<Voter>): string | undefined {
  const voters = [...members]
  const common = commonProtocols(voters)
  const votes = new Map<string, number>()
  for (const { protocols } of voters) {
    const choice = protocols.find(({ name }) => common.has(name))
    if (choice) votes.set(choice.name, (votes.get(choice.name) ?? 0) + 1)
  }
  let selected: string | undefined
  for (const [name, count] of votes) {
    if (selected === undefined || count > votes.get(selected)!) selected = name
  }
  return selected
}

/** Whether a client with these protocols shares one with all current members. */
export function sharesProtocol(members: Iterable<Voter>, protocols: readonly Protocol[]): boolean {
  const common = commonProtocols([...members, { protocols }])
  return common.size > 0
}

function commonProtocols([first, ...others]: readonly Voter[]): Set<string> {
  let common = new Set(first?.protocols.map(({ name }) => name))
  for (const { protocols } of others) common = common.intersection(new Set(protocols.map(({ name }) => name)))
  return common
}
