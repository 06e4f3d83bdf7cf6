/** Bugs of the semaphore that the exploration must find; most of them were in systems of this kind. */
export type PlantedBug =
  | 'a redelivered command gets a second place'
  | 'a lease that ends frees nothing'
  | 'finishing a waiting command frees a slot'
  | 'a late finish frees the slot of another command'
  | 'slots that are freed together are given on one at a time'
  | 'the last command comes first'
  | 'a command that has to wait is dropped'
  | 'a token is given again'
  | 'a cancelled command stays in the number of waiting ones'
  | 'the offset of a record is committed before its step'
  | 'the published position is moved before the row is sent'
