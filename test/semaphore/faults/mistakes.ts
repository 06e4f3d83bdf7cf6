import type { Mistake } from './plant.ts'

const IN_GRANT = 'grant_slots'
const IN_END = 'end_commands'
const IN_SUBMIT = 'submit_commands'

/** By the promise that they break, as docs/semaphore.md numbers them. */
export const MISTAKES = {
  '1: a grant does not count the slots that are held': {
    function: IN_GRANT,
    right: 'least(r.waiting, r.allowed, r.max_running - r.running) as free',
    wrong: 'least(r.waiting, r.allowed, r.max_running) as free',
    finds: 'above the limit',
  },
  '2: a finished command keeps its slot': {
    function: IN_END,
    right: 'where s.ctid = d.slot_tid and d.code = 1 and d.new_state in (4, 5)',
    wrong: 'where s.ctid = d.slot_tid and d.code = 1 and d.new_state in (5)',
    finds: 'stuck',
  },
  '3: a lease never ends': {
    function: 'expire_leases',
    right: 's.lease_until < p_until',
    wrong: 's.lease_until < p_until and false',
    finds: 'wrong outcome',
  },
  '4: the token does not grow': {
    function: IN_GRANT,
    right: 'p_tag, 1, p.resource, p.command_id, p.token, p_now',
    wrong: 'p_tag, 1, p.resource, p.command_id, 1, p_now',
    finds: 'token fell',
  },
  '4: a finish with a wrong token frees the slot': {
    function: IN_END,
    right: 'f.given <> 0 and f.given <> f.token',
    wrong: 'false',
    finds: 'above the limit',
  },
  '5: a finish ends a command that waits': {
    function: IN_END,
    right: 'case when f.kind >= 3 then 1 else 3 end',
    wrong: '1',
    finds: 'wrong outcome',
  },
  '5: only one slot is given on at a time': {
    function: IN_GRANT,
    right: 'limit greatest(t.free, 0)',
    wrong: 'limit least(1, greatest(t.free, 0))',
    finds: 'idle slot',
  },
  '6: a repeated request is another command': {
    function: IN_SUBMIT,
    right: 'c.command_id = u.command_id offset 0',
    wrong: 'false offset 0',
    finds: 'granted twice',
    first: 'alter table semaphore.commands drop constraint commands_pkey; alter table semaphore.slots drop constraint slots_command_id_key',
  },
  '6: a grant is missing in the outbox': {
    function: IN_GRANT,
    right: 'join heads l using (lane)\n    returning lane',
    wrong: 'join heads l using (lane) where p.token % 10 <> 3\n    returning lane',
    finds: 'stuck',
  },
  '7: the last command is served first': {
    function: IN_GRANT,
    right: 'order by w.rank, w.place limit',
    wrong: 'order by w.rank desc, w.place desc limit',
    finds: 'out of turn',
  },
  '8: a request that finds the queue full is dropped silently': {
    function: 'publish_refusals',
    right: 'using (topic, part, record_offset) where a.is_first',
    wrong: 'using (topic, part, record_offset) where a.is_first and a.kind <> 7',
    finds: 'stuck',
  },
  '9: a command that is cancelled while it waits is granted': {
    function: IN_END,
    right: 'where w.ctid = d.waiting_tid and d.code = 1',
    wrong: 'where w.ctid = d.waiting_tid and d.code = 0',
    finds: 'wrong outcome',
  },
  '10: a slot whose cancellation is not confirmed is not counted': {
    function: IN_GRANT,
    right: 'from slots s where s.resource = r.resource and s.token >= r.first_token',
    wrong: 'from slots s where s.resource = r.resource and s.token >= r.first_token and s.cancel_requested_at is null',
    finds: 'above the limit',
  },
  '11: a limit of the resource has no effect': {
    function: IN_GRANT,
    right: 'coalesce(r.running_limit, p_limits[1]) as max_running',
    wrong: 'p_limits[1] as max_running',
    finds: 'above the limit',
  },
  '13: a rate has no effect': {
    function: IN_GRANT,
    right: 'rate_allows(r.rate_from_us, v_now_us, r.rate_count, r.rate_window_ms) as allowed',
    wrong: '2147483647::bigint as allowed',
    finds: 'above the rate',
  },
} as const satisfies Readonly<Record<string, Mistake>>
