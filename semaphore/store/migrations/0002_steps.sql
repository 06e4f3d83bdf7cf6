-- The steps, each for a whole batch, in the order in which take_steps calls them. Every look-up is a subquery with "offset 0", and every
-- row is then changed by its ctid: Postgres could otherwise join a batch with a table that has few rows by reading all of them, and
-- keep that plan while the table grows. All ids of commands in a batch are different.

-- The last seq of a lane. Rows up to the published position are removed, so their dead entries are not read.
create function @schema@.last_seq(p_lane int) returns bigint
  language sql stable
  set search_path = @schema@, pg_temp
as $$
  select coalesce((select o.seq from outbox o where o.lane = l.lane and o.seq > l.published_seq order by o.seq desc limit 1), l.published_seq)
  from lanes l where l.lane = p_lane
$$;

-- The time between two grants of a rate, rounded up, so that no window has more.
create function @schema@.rate_gap_us(p_count int, p_window_ms bigint) returns bigint
  language sql immutable
  return (p_window_ms * 1000 + p_count - 1) / p_count;

-- From when on grants are counted: a grant that was due up to 50 ms ago is still made, so that a fast rate is kept although grants come in
-- batches; but never more at once than the rate allows in a window.
create function @schema@.rate_from(p_from_us bigint, p_now_us bigint, p_count int, p_window_ms bigint) returns bigint
  language sql immutable
  return greatest(p_from_us, p_now_us - least(50000, (p_count - 1) * @schema@.rate_gap_us(p_count, p_window_ms)));

-- How many grants a rate allows now.
create function @schema@.rate_allows(p_from_us bigint, p_now_us bigint, p_count int, p_window_ms bigint) returns bigint
  language sql immutable
  return case
    when p_count is null then 2147483647
    when p_from_us > p_now_us then 0
    else (p_now_us - @schema@.rate_from(p_from_us, p_now_us, p_count, p_window_ms)) / @schema@.rate_gap_us(p_count, p_window_ms) + 1
  end;

-- Frees slots whose lease has ended before p_until, at most p_limit in a lane. Returns their resources.
create function @schema@.expire_leases(p_lanes int[], p_until timestamptz, p_limit int, p_now timestamptz, p_tag bigint) returns text[]
  language plpgsql volatile
  set search_path = @schema@, pg_temp
as $$
declare
  v_resources text[];
begin
  with due as materialized (
    select s.*, c.tid as command_tid, row_number() over (partition by s.lane order by s.lease_until, s.resource, s.token) as number
    from unnest(p_lanes) as l (lane)
    cross join lateral (
      select s.ctid as tid, s.lane, s.resource, s.token, s.command_id, s.granted_at, s.lease_until, s.cancel_requested_at
      from slots s where s.lane = l.lane and s.lease_until < p_until order by s.lease_until limit p_limit
    ) s
    cross join lateral (select c.ctid as tid from commands c where c.command_id = s.command_id offset 0) c
  ), freed as (
    delete from slots s using due d where s.ctid = d.tid
  ), ended as (
    update commands c
    set state = case when d.cancel_requested_at is null then 6 else 5 end, token = d.token, granted_at = d.granted_at,
      cancel_requested_at = d.cancel_requested_at, ended_at = p_now
    from due d where c.ctid = d.command_tid
  ), counted as (
    update totals t set expired = t.expired + d.expired, cancelled = t.cancelled + d.cancelled
    from (
      select lane, count(*) filter (where cancel_requested_at is null) as expired, count(cancel_requested_at) as cancelled
      from due group by lane
    ) d where t.lane = d.lane
  ), heads as materialized (
    select l.lane, last_seq(l.lane) as seq from (select distinct lane from due) l
  ), told as (
    insert into outbox (lane, seq, tag, kind, resource, command_id, token, at)
    select d.lane, l.seq + d.number, p_tag, case when d.cancel_requested_at is null then 6 else 5 end, d.resource, d.command_id, d.token, p_now
    from due d
    join heads l using (lane)
  )
  select array_agg(distinct d.resource) into v_resources from due d;
  return v_resources;
end
$$;

-- Finishes, extends and cancels. p_kinds: 1 finish, 2 extend, 3 cancel now, 4 cancel when confirmed. p_tokens: 0 if none was given.
--
-- Returns for each, in order: a code (1 done, 2 already in a final state, 3 still waiting, 4 another token, 5 unknown, 6 without a
-- lease, 7 already in the state that it asks for), the state (1 waiting, 2 running, 3 cancelling, 4 finished, 5 cancelled, 6 expired) and a value: the token (0: none), or the
-- end of the lease in ms. Also returns its rows of the outbox, as they are there, each with the tag of the lane's last row before them.
create function @schema@.end_commands(
  p_kinds int[], p_resources text[], p_command_ids text[], p_tokens bigint[], p_lease_ms bigint, p_now timestamptz, p_tag bigint,
  out codes int[], out states int[], out vals bigint[],
  out row_seqs bigint[], out row_before_tags bigint[], out row_kinds int[], out row_resources text[], out row_ids text[], out row_tokens bigint[]
)
  language plpgsql volatile
  set search_path = @schema@, pg_temp
as $$
#variable_conflict use_column
begin
  with found as materialized (
    select u.number, u.kind, u.resource, u.command_id, u.given, r.tid as resource_tid, r.lane, coalesce(r.lease_ms, p_lease_ms) as lease_ms,
      c.tid as command_tid, c.state, c.token as last_token, c.cancel_requested_at as was_cancelling, w.tid as waiting_tid,
      s.tid as slot_tid, s.token, s.granted_at, s.cancel_requested_at
    from unnest(p_kinds, p_resources, p_command_ids, p_tokens) with ordinality as u (kind, resource, command_id, given, number)
    left join lateral (
      select c.ctid as tid, c.state, c.token, c.cancel_requested_at, c.rank, c.place from commands c
      where c.command_id = u.command_id and c.resource = u.resource offset 0
    ) c on true
    left join lateral (
      select s.ctid as tid, s.token, s.granted_at, s.cancel_requested_at from slots s
      where s.command_id = u.command_id and c.tid is not null and c.state is null offset 0
    ) s on true
    left join lateral (
      select w.ctid as tid from waiting w
      where w.resource = u.resource and w.rank = c.rank and w.place = c.place and c.state is null and s.tid is null and u.kind >= 3 offset 0
    ) w on true
    left join lateral (select r.ctid as tid, r.lane, r.lease_ms from resources r where r.resource = u.resource and c.tid is not null offset 0) r on true
  ), judged as materialized (
    select f.*, case
        when f.command_tid is null then 5
        when f.kind = 1 and (f.state = 4 or f.state = 5 and f.was_cancelling is not null) or f.kind >= 3 and f.state = 5 then 7
        when f.state is not null then 2
        when f.slot_tid is null then case when f.kind >= 3 then 1 else 3 end
        when f.given <> 0 and f.given <> f.token then 4
        when f.kind = 2 and f.lease_ms = 0 then 6
        else 1
      end as code
    from found f
  ), done as materialized (
    select j.*, case
        when j.code <> 1 then j.state
        when j.kind = 1 then case when j.cancel_requested_at is null then 4 else 5 end
        when j.kind = 4 and j.slot_tid is not null then 3
        when j.kind >= 3 then 5
      end as new_state,
      p_now + j.lease_ms * interval '1 millisecond' as lease_until
    from judged j
  ), freed as (
    delete from slots s using done d where s.ctid = d.slot_tid and d.code = 1 and d.new_state in (4, 5)
  ), left_queue as (
    delete from waiting w using done d where w.ctid = d.waiting_tid and d.code = 1
  ), dropped as (
    update resources r set drops = r.drops + d.drops
    from (select resource_tid, count(*) as drops from done where waiting_tid is not null group by resource_tid) d where r.ctid = d.resource_tid
  ), extended as (
    update slots s set lease_until = case when d.code = 1 then d.lease_until end
    from done d where s.ctid = d.slot_tid and d.kind = 2 and d.code in (1, 6)
  ), marked as (
    update slots s set cancel_requested_at = p_now
    from done d where s.ctid = d.slot_tid and d.code = 1 and d.new_state = 3 and d.cancel_requested_at is null
  ), ended as (
    update commands c
    set state = d.new_state, token = d.token, granted_at = d.granted_at, cancel_requested_at = d.cancel_requested_at, ended_at = p_now
    from done d where c.ctid = d.command_tid and d.code = 1 and d.new_state in (4, 5)
  ), events as (
    select d.*, row_number() over (partition by d.lane order by d.number) as place
    from done d where d.code = 1 and (d.new_state in (4, 5) or d.new_state = 3 and d.cancel_requested_at is null)
  ), counted as (
    update totals t set finished = t.finished + e.finished, cancelled = t.cancelled + e.cancelled, dropped = t.dropped + e.dropped
    from (
      select lane, count(*) filter (where new_state = 4) as finished, count(*) filter (where new_state = 5) as cancelled, count(waiting_tid) as dropped
      from events group by lane
    ) e where t.lane = e.lane and e.finished + e.cancelled > 0
  ), heads as materialized (
    select d.lane, coalesce(o.seq, l.published_seq) as seq, coalesce(o.tag, l.published_tag) as tag
    from (select distinct lane from events) d
    cross join lateral (select l.published_seq, l.published_tag from lanes l where l.lane = d.lane offset 0) l
    left join lateral (select o.seq, o.tag from outbox o where o.lane = d.lane and o.seq > l.published_seq order by o.seq desc limit 1) o on true
  ), told as (
    insert into outbox (lane, seq, tag, kind, resource, command_id, token, at)
    select e.lane, l.seq + e.place, p_tag, case e.new_state when 3 then 2 else e.new_state end, e.resource, e.command_id, e.token, p_now
    from events e
    join heads l using (lane)
    returning lane, seq, kind, resource, command_id, token
  )
  select d.codes, d.states, d.vals, t.seqs, t.before_tags, t.kinds, t.resources, t.ids, t.tokens
  into codes, states, vals, row_seqs, row_before_tags, row_kinds, row_resources, row_ids, row_tokens
  from (
    select array_agg(d.code order by d.number) as codes, array_agg(coalesce(d.new_state, 0) order by d.number) as states,
      array_agg(case when d.code = 1 and d.kind = 2 then (extract(epoch from d.lease_until) * 1000)::bigint else coalesce(d.token, d.last_token, 0) end order by d.number) as vals
    from done d
  ) d
  cross join (
    select array_agg(t.seq) as seqs, array_agg(h.tag) as before_tags, array_agg(t.kind) as kinds, array_agg(t.resource) as resources,
      array_agg(t.command_id) as ids, array_agg(coalesce(t.token, 0)) as tokens
    from told t join heads h using (lane)
  ) t;
end
$$;

-- Submits. p_announce: whether a refusal is published. p_limits: the defaults of running, waiting, lease in ms, ageing in ms.
--
-- Returns for each, in order: a code (1 accepted, 2 repeated, 3 conflict of resources, 4 conflict of payloads, 5 full), the state of a repeated command,
-- two values (the place and the token; or the limit and the number of waiting commands) and the resource of a known command.
create function @schema@.submit_commands(
  p_lanes int[], p_resources text[], p_command_ids text[], p_priorities int[], p_digests uuid[], p_announce boolean[], p_payloads bytea[],
  p_limits bigint[], p_now timestamptz, p_tag bigint,
  out codes int[], out states int[], out vals bigint[], out more_vals bigint[], out known_resources text[]
)
  language plpgsql volatile
  set search_path = @schema@, pg_temp
as $$
#variable_conflict use_column
declare
  v_now_us constant bigint := (extract(epoch from p_now) * 1000000)::bigint;
begin
  insert into resources (resource, lane)
  select distinct u.resource, u.lane from unnest(p_resources, p_lanes) as u (resource, lane)
  left join lateral (select true as known from resources r where r.resource = u.resource offset 0) r on true
  where r.known is null;

  with asked as materialized (
    select u.*, c.resource as known_resource, c.place as known_place, c.digest as known_digest, c.state, c.token as last_token,
      s.token, s.cancel_requested_at
    from unnest(p_resources, p_command_ids, p_priorities, p_digests, p_announce, p_payloads) with ordinality
      as u (resource, command_id, priority, digest, announce, payload, number)
    left join lateral (
      select c.resource, c.place, c.digest, c.state, c.token from commands c where c.command_id = u.command_id offset 0
    ) c on true
    left join lateral (
      select s.token, s.cancel_requested_at from slots s where s.command_id = u.command_id and c.place is not null and c.state is null offset 0
    ) s on true
  ), rooms as materialized (
    -- With more ageing, a command would overtake those of its own priority that came before. So the clock of the queue is put forward.
    select r.*, greatest(v_now_us, r.clock_us + case when r.waiting > 0 then 9 * greatest(0, r.new_ageing_us - r.ageing_us) else 0 end) as arrival_us,
      greatest(0, r.max_waiting + least(r.allowed, greatest(0, r.max_running - r.running)) - r.waiting) as room
    from (select distinct a.resource from asked a) a
    cross join lateral (
      select r.ctid as tid, r.resource, r.lane, r.places, r.clock_us, r.ageing_us, r.places - r.grants - r.drops as waiting,
        coalesce(r.running_limit, p_limits[1]) as max_running, coalesce(r.waiting_limit, p_limits[2]) as max_waiting,
        coalesce(r.ageing_ms, p_limits[4]) * 1000 as new_ageing_us,
        rate_allows(r.rate_from_us, v_now_us, r.rate_count, r.rate_window_ms) as allowed,
        (select count(*) from slots s where s.resource = r.resource and s.token >= r.first_token) as running
      from resources r where r.resource = a.resource offset 0
    ) r
  ), judged as materialized (
    select a.*, r.tid as resource_tid, r.lane, r.waiting, r.max_waiting, r.arrival_us - a.priority * r.new_ageing_us as rank, r.arrival_us, r.new_ageing_us, r.room,
      r.places + row_number() over (partition by a.resource, a.known_resource is null order by a.number) as place,
      row_number() over (partition by a.resource, a.known_resource is null order by a.number) as turn
    from asked a join rooms r using (resource)
  ), coded as materialized (
    select j.*, case
        when j.known_resource is null then case when j.turn <= j.room then 1 else 5 end
        when j.known_resource <> j.resource then 3
        when j.known_digest <> j.digest then 4
        else 2
      end as code
    from judged j
  ), stored as (
    insert into commands (command_id, resource, place, rank, priority, payload_bytes, digest, submitted_at)
    select c.command_id, c.resource, c.place, c.rank, c.priority, length(c.payload), c.digest, p_now
    from coded c where c.code = 1 order by c.command_id
  ), queued as (
    insert into waiting (resource, rank, place, command_id, payload)
    select c.resource, c.rank, c.place, c.command_id, c.payload from coded c where c.code = 1
  ), numbered as (
    update resources r
    set places = r.places + n.added, clock_us = n.arrival_us, ageing_us = n.new_ageing_us,
      head_rank = least(r.head_rank, n.first_rank - 1), head_place = case when n.first_rank - 1 < r.head_rank then 9223372036854775807 else r.head_place end
    from (
      select resource_tid, count(*) as added, min(arrival_us) as arrival_us, min(new_ageing_us) as new_ageing_us, min(rank) as first_rank from coded where code = 1 group by resource_tid
    ) n where r.ctid = n.resource_tid
  ), counted as (
    update totals t set accepted = t.accepted + n.added
    from (select lane, count(*) as added from coded where code = 1 group by lane) n where t.lane = n.lane
  ), refused as (
    select c.*, row_number() over (partition by c.lane order by c.number) as refusal from coded c where c.code >= 3 and c.announce
  ), heads as materialized (
    select l.lane, last_seq(l.lane) as seq from (select distinct lane from refused) l
  ), told as (
    insert into outbox (lane, seq, tag, kind, resource, command_id, at)
    select f.lane, l.seq + f.refusal, p_tag, case f.code when 5 then 7 else 8 end, f.resource, f.command_id, p_now
    from refused f
    join heads l using (lane)
  )
  select array_agg(c.code order by c.number),
    array_agg(case when c.code <> 2 then 0 when c.state is not null then c.state when c.token is null then 1 when c.cancel_requested_at is null then 2 else 3 end order by c.number),
    array_agg(case c.code when 1 then c.place when 5 then c.max_waiting else c.known_place end order by c.number),
    array_agg(case c.code when 5 then c.waiting + least(c.room, c.turn) when 1 then 0 else coalesce(c.token, c.last_token, 0) end order by c.number),
    array_agg(coalesce(c.known_resource, '') order by c.number)
  into codes, states, vals, more_vals, known_resources from coded c;
end
$$;

-- Changes limits: an array of objects with resource, lane and, if they change, running, waiting, leaseMs, ageingMs, rateCount and rateWindowMs.
-- Returns what is stored afterwards, in their order.
create function @schema@.set_limits(p_changes jsonb, p_now timestamptz) returns jsonb
  language plpgsql volatile
  set search_path = @schema@, pg_temp
as $$
declare
  v_now_us constant bigint := (extract(epoch from p_now) * 1000000)::bigint;
  v_change jsonb;
  v_row    resources;
  v_new    resources;
  v_result jsonb := '[]';
begin
  for v_change in select value from jsonb_array_elements(p_changes) with ordinality as c (value, number) order by number loop
    insert into resources (resource, lane) values (v_change ->> 'resource', (v_change ->> 'lane')::int) on conflict (resource) do nothing;
    select * into v_row from resources r where r.resource = v_change ->> 'resource';
    v_new := v_row;
    if v_change ? 'running' then v_new.running_limit := (v_change ->> 'running')::int; end if;
    if v_change ? 'waiting' then v_new.waiting_limit := (v_change ->> 'waiting')::int; end if;
    if v_change ? 'leaseMs' then v_new.lease_ms := (v_change ->> 'leaseMs')::bigint; end if;
    if v_change ? 'ageingMs' then v_new.ageing_ms := (v_change ->> 'ageingMs')::bigint; end if;
    if v_change ? 'rateCount' then
      v_new.rate_count := (v_change ->> 'rateCount')::int;
      v_new.rate_window_ms := (v_change ->> 'rateWindowMs')::bigint;
      v_new.rate_from_us := least(v_new.rate_from_us, v_now_us + coalesce(rate_gap_us(v_new.rate_count, v_new.rate_window_ms), 0));
      v_new.due_us := null; -- the grant that follows sets it
    end if;
    if v_new is distinct from v_row then
      update resources r set running_limit = v_new.running_limit, waiting_limit = v_new.waiting_limit, lease_ms = v_new.lease_ms,
        ageing_ms = v_new.ageing_ms, rate_count = v_new.rate_count, rate_window_ms = v_new.rate_window_ms,
        rate_from_us = v_new.rate_from_us, due_us = v_new.due_us
      where r.resource = v_row.resource;
    end if;
    v_result := v_result || jsonb_build_object('running', v_new.running_limit, 'waiting', v_new.waiting_limit, 'leaseMs', v_new.lease_ms,
      'ageingMs', v_new.ageing_ms, 'rateCount', v_new.rate_count, 'rateWindowMs', v_new.rate_window_ms);
  end loop;
  return v_result;
end
$$;

-- Grants to the first commands of these resources as many slots as are free and the rate allows. Returns its rows of the outbox, as they are
-- there, each with the tag of the lane's last row before them; the payloads only if p_hand_over and they are small.
create function @schema@.grant_slots(
  p_resources text[], p_limits bigint[], p_now timestamptz, p_tag bigint, p_hand_over boolean,
  out command_ids text[], out tokens bigint[],
  out row_seqs bigint[], out row_before_tags bigint[], out row_resources text[], out row_lease_ms bigint[], out row_payloads bytea[]
)
  language plpgsql volatile
  set search_path = @schema@, pg_temp
as $$
#variable_conflict use_column
declare
  c_hand_over_bytes constant int := 65536;
  v_now_us constant bigint := (extract(epoch from p_now) * 1000000)::bigint;
begin
  with touched as materialized (
    select r.*, least(r.waiting, r.allowed, r.max_running - r.running) as free
    from (select distinct u.resource from unnest(p_resources) as u (resource)) u
    cross join lateral (
      select r.ctid as tid, r.resource, r.lane, r.grants, r.head_rank, r.head_place, r.rate_from_us, r.rate_count, r.rate_window_ms, r.due_us,
        r.places - r.grants - r.drops as waiting, coalesce(r.running_limit, p_limits[1]) as max_running, coalesce(r.lease_ms, p_limits[3]) as lease_ms,
        rate_allows(r.rate_from_us, v_now_us, r.rate_count, r.rate_window_ms) as allowed, s.running, coalesce(s.first_token, r.grants + 1) as first_token
      from resources r
      cross join lateral (
        select count(*) as running, min(s.token) as first_token from slots s where s.resource = r.resource and s.token >= r.first_token
      ) s
      where r.resource = u.resource and (r.places > r.grants + r.drops or r.due_us is not null) offset 0
    ) r
  ), picked as materialized (
    select t.tid, t.resource, t.lane, t.lease_ms, w.tid as waiting_tid, w.rank, w.place, w.command_id, w.payload,
      t.grants + row_number() over (partition by t.resource order by w.rank, w.place) as token
    from touched t
    cross join lateral (
      select w.ctid as tid, w.rank, w.place, w.command_id, w.payload from waiting w
      where w.resource = t.resource and (w.rank, w.place) > (t.head_rank, t.head_place)
      order by w.rank, w.place limit greatest(t.free, 0)
    ) w
  ), left_queue as (
    delete from waiting w using picked p where w.ctid = p.waiting_tid
  ), held as (
    insert into slots (resource, token, command_id, lane, granted_at, lease_until, payload)
    select p.resource, p.token, p.command_id, p.lane, p_now, case when p.lease_ms > 0 then p_now + p.lease_ms * interval '1 millisecond' end, p.payload
    from picked p
  ), last as materialized (
    select distinct on (p.resource) p.resource, p.token, p.rank, p.place from picked p order by p.resource, p.token desc
  ), after as (
    select t.*, coalesce(p.token - t.grants, 0) as given, p.rank as last_rank, p.place as last_place,
      case when t.rate_count is not null and p.token is not null
        then rate_from(t.rate_from_us, v_now_us, t.rate_count, t.rate_window_ms) + (p.token - t.grants) * rate_gap_us(t.rate_count, t.rate_window_ms)
        else t.rate_from_us
      end as new_rate_from_us
    from touched t left join last p using (resource)
  ), moved as (
    update resources r
    set grants = r.grants + a.given, first_token = a.first_token, head_rank = coalesce(a.last_rank, r.head_rank), head_place = coalesce(a.last_place, r.head_place),
      rate_from_us = a.new_rate_from_us, due_us = a.new_due_us
    from (
      select a.*, case when a.rate_count is not null and a.waiting > a.given and a.max_running > a.running + a.given then a.new_rate_from_us end as new_due_us
      from after a
    ) a
    where r.ctid = a.tid and (a.given > 0 or a.new_due_us is distinct from a.due_us)
  ), counted as (
    update totals t set granted = t.granted + p.granted
    from (select lane, count(*) as granted from picked group by lane) p where t.lane = p.lane
  ), heads as materialized (
    select d.lane, coalesce(o.seq, l.published_seq) as seq, coalesce(o.tag, l.published_tag) as tag
    from (select distinct lane from picked) d
    cross join lateral (select l.published_seq, l.published_tag from lanes l where l.lane = d.lane offset 0) l
    left join lateral (select o.seq, o.tag from outbox o where o.lane = d.lane and o.seq > l.published_seq order by o.seq desc limit 1) o on true
  ), told as (
    insert into outbox (lane, seq, tag, kind, resource, command_id, token, at, lease_ms, payload)
    select p.lane, l.seq + row_number() over (partition by p.lane order by p.resource, p.token), p_tag, 1, p.resource, p.command_id, p.token, p_now,
      nullif(p.lease_ms, 0), p.payload
    from picked p
    join heads l using (lane)
    returning lane, seq, resource, command_id, token, lease_ms, payload
  )
  select array_agg(t.command_id), array_agg(t.token), array_agg(t.seq), array_agg(h.tag), array_agg(t.resource), array_agg(coalesce(t.lease_ms, 0)),
    array_agg(t.payload) filter (where p_hand_over and (select sum(length(p.payload)) <= c_hand_over_bytes from picked p))
  into command_ids, tokens, row_seqs, row_before_tags, row_resources, row_lease_ms, row_payloads
  from told t join heads h using (lane);
end
$$;

-- Applies a batch of steps to resources of some lanes, in one transaction. Expires leases first and grants last, so that a slot that
-- any step frees is given on in the same transaction.
--
-- p_lanes          the lanes of all resources, sorted
-- p_limits         the defaults of running, waiting, lease in ms, ageing in ms
-- p_grace_ms       how long after its end a lease expires
-- e_…, s_…, p_changes  see end_commands, submit_commands, set_limits
-- p_touched        resources for which only grants are due
-- p_hand_over      whether the rows of grants are returned with their payloads, if those are small
--
-- ends_… and grants_… are rows of the outbox, with 0 for no token and no lease. has_expired: there are others.
--
-- A batch that changes nothing must write WAL all the same, so that the commit waits for the standbys that an earlier try of the same
-- steps may not have waited for. A transaction id alone would not make it wait.
create function @schema@.take_steps(
  p_lanes int[], p_limits bigint[], p_grace_ms bigint,
  e_kinds int[], e_resources text[], e_command_ids text[], e_tokens bigint[],
  s_lanes int[], s_resources text[], s_command_ids text[], s_priorities int[], s_digests uuid[], s_announce boolean[], s_payloads bytea[],
  p_changes jsonb, p_touched text[], p_hand_over boolean,
  out ended_codes int[], out ended_states int[], out ended_vals bigint[],
  out codes int[], out states int[], out vals bigint[], out more_vals bigint[], out known_resources text[],
  out limits jsonb, out granted_ids text[], out granted_tokens bigint[],
  out tag bigint, out has_expired boolean,
  out ends_seqs bigint[], out ends_before_tags bigint[], out ends_kinds int[], out ends_resources text[], out ends_ids text[], out ends_tokens bigint[],
  out grants_seqs bigint[], out grants_before_tags bigint[], out grants_resources text[], out grants_lease_ms bigint[], out grants_payloads bytea[]
)
  language plpgsql volatile
  set search_path = @schema@, pg_temp
as $$
declare
  c_lock_class constant int := 1397050673;
  c_expire_at_a_time constant int := 1000;
  v_lane     int;
  v_now      timestamptz;
  v_tag      bigint;
  v_until    timestamptz;
  v_expired  text[];
  v_due      text[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'take_steps needs READ COMMITTED, got %', current_setting('transaction_isolation');
  end if;
  foreach v_lane in array p_lanes loop
    perform pg_advisory_xact_lock(c_lock_class, v_lane);
  end loop;
  v_now := clock_timestamp(); -- after the locks, as a later batch must not have an earlier time
  v_tag := greatest(1, uuid_hash_extended(gen_random_uuid(), 0) & 9223372036854775807);

  v_until := v_now - p_grace_ms * interval '1 millisecond';
  -- Most batches find no lease that has ended, and need only this look for one.
  perform from unnest(p_lanes) as l (lane)
  cross join lateral (select from slots s where s.lane = l.lane and s.lease_until < v_until order by s.lease_until limit 1) s;
  if found then
    v_expired := expire_leases(p_lanes, v_until, c_expire_at_a_time, v_now, v_tag);
  end if;
  if cardinality(e_kinds) > 0 then
    select r.* into ended_codes, ended_states, ended_vals, ends_seqs, ends_before_tags, ends_kinds, ends_resources, ends_ids, ends_tokens
    from end_commands(e_kinds, e_resources, e_command_ids, e_tokens, p_limits[3], v_now, v_tag) r;
  end if;
  if cardinality(s_resources) > 0 then
    select r.* into codes, states, vals, more_vals, known_resources
    from submit_commands(s_lanes, s_resources, s_command_ids, s_priorities, s_digests, s_announce, s_payloads, p_limits, v_now, v_tag) r;
  end if;
  if p_changes is not null then
    limits := set_limits(p_changes, v_now);
  end if;
  select array_agg(d.resource) into v_due
  from unnest(p_lanes) as l (lane)
  cross join lateral (
    select r.resource from resources r
    where r.lane = l.lane and r.due_us <= (extract(epoch from v_now) * 1000000)::bigint order by r.due_us limit c_expire_at_a_time
  ) d;
  select r.* into granted_ids, granted_tokens, grants_seqs, grants_before_tags, grants_resources, grants_lease_ms, grants_payloads
  from grant_slots(v_expired || e_resources || s_resources || p_touched || v_due, p_limits, v_now, v_tag, p_hand_over) r;
  tag := v_tag;
  has_expired := v_expired is not null;

  if pg_current_xact_id_if_assigned() is null then
    perform pg_logical_emit_message(true, 'semaphore', '');
  end if;
end
$$;
