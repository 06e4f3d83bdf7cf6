-- A batch at a third of what it cost before, once its plans are certain (session.ts: force_generic_plan). What a call cost was mostly
-- functions in SQL, whose bodies Postgres plans again in every transaction, and a search for ids that the server itself had just made.
-- The tables and triggers stay as they are, so nobody waits for this file.

-- Records a batch: all of it in one transaction, in one lane, with the next numbers of that lane.
--
-- p_lanes     lanes to choose from, best first: the first that no other batch holds, else the first.
-- p_ids       the pings' ids, sorted and unique.
-- p_times     their times, in the same order.
-- p_doubtful  those of the ids that may have been recorded before; null: all may.
--
-- Returns the lane, the seq and the tag of its head before the batch, and the tag of the batch; then the places in p_ids (from 1) of
-- the ids that were recorded before, and then as many times in ms that they were recorded with. The others got the next numbers, in order.
--
-- The head is read in a statement after the one that took the lock: in READ COMMITTED it then sees all that was committed under the
-- lock before. An id that was not doubtful and is there, or that another lane records at this moment, fails the whole call
-- (unique_violation): numbers are never given to rows that were then skipped. The caller calls again, with all ids doubtful.
--
-- Ping's sessions plan by index, and once (session.ts), so this function, which every batch waits for, has no `set` clause for it.
create function @schema@.ping_record_batch(p_lanes int[], p_ids uuid[], p_times timestamptz[], p_doubtful uuid[]) returns bigint[]
  language plpgsql volatile
as $$
declare
  c_lock_class constant int := 1349080653; -- as ping_lock_class_batch()
  v_lane     int;
  v_seq      bigint;
  v_tag      bigint;
  v_new_tag  bigint;
  v_is_known boolean := false;
  v_numbers  bigint[];
  v_times_ms bigint[];
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'ping_record_batch needs READ COMMITTED, got %', current_setting('transaction_isolation');
  end if;

  foreach v_lane in array p_lanes loop
    exit when pg_try_advisory_xact_lock(c_lock_class, v_lane);
    v_lane := null;
  end loop;
  if v_lane is null then
    v_lane := p_lanes[1];
    perform pg_advisory_xact_lock(c_lock_class, v_lane);
  end if;

  select p.seq, p.tag into v_seq, v_tag from @schema@.pings p where p.lane = v_lane order by p.seq desc limit 1;
  if not found then
    v_seq := 0;
    v_tag := 0;
  end if;

  -- 1 … 2^63 - 1, from the 122 random bits of a UUIDv4. Only with it in this setting does the trigger let the rows through.
  v_new_tag := set_config('ping.recording', greatest(1, uuid_hash_extended(gen_random_uuid(), 0) & 9223372036854775807)::text, true);

  -- Counted, not asked for by `exists`: for that, Postgres would take one row to be found soon in a scan of them all. A statement of
  -- its own, so that nothing is set up for it where no id is doubtful.
  if p_doubtful is null then
    v_is_known := (select count(*) from @schema@.pings p where p.id = any (p_ids)) > 0;
  elsif cardinality(p_doubtful) > 0 then
    v_is_known := (select count(*) from @schema@.pings p where p.id = any (p_doubtful)) > 0;
  end if;

  if not v_is_known then
    insert into @schema@.pings (id, pinged_at, lane, seq, tag)
    select n.id, n.pinged_at, v_lane, v_seq + n.number, v_new_tag
    from unnest(p_ids, p_times) with ordinality as n (id, pinged_at, number);
    return array[v_lane, v_seq, v_tag, v_new_tag];
  end if;

  -- One look an id, in a subquery of its own, so that no plan reads more than that.
  select array_agg(k.number), array_agg(@schema@.ping_time_ms(k.pinged_at)) into v_numbers, v_times_ms
  from (
    select n.number, (select p.pinged_at from @schema@.pings p where p.id = n.id) as pinged_at
    from unnest(p_ids) with ordinality as n (id, number)
  ) k
  where k.pinged_at is not null;

  if cardinality(v_numbers) < cardinality(p_ids) then
    insert into @schema@.pings (id, pinged_at, lane, seq, tag)
    select n.id, n.pinged_at, v_lane, v_seq + row_number() over (order by n.number), v_new_tag
    from unnest(p_ids, p_times) with ordinality as n (id, pinged_at, number)
    where n.number <> all (v_numbers);
  else
    -- Nothing to insert: write WAL all the same, so that the commit waits for the standbys that the
    -- first try may not have waited for. A transaction id alone would not make it wait.
    perform pg_logical_emit_message(true, 'ping', '');
  end if;
  return array[v_lane, v_seq, v_tag, v_new_tag] || v_numbers || v_times_ms;
end
$$;

-- As servers up to version 4 of the database call it, while they are still running.
create or replace function @schema@.ping_record(
  p_lanes int[], p_ids uuid[], p_times_ms bigint[],
  out lane int, out before_seq bigint, out before_tag bigint, out tag bigint,
  out known_ids uuid[], out known_times_ms bigint[]
)
  language plpgsql volatile
as $$
declare
  v_batch bigint[];
  v_known int; -- how many ids were recorded before
begin
  v_batch := @schema@.ping_record_batch(
    p_lanes, p_ids, array(select @schema@.ping_time(n.time_ms) from unnest(p_times_ms) with ordinality as n (time_ms, number) order by n.number), null);
  lane := v_batch[1];
  before_seq := v_batch[2];
  before_tag := v_batch[3];
  tag := v_batch[4];
  v_known := cardinality(v_batch) / 2 - 2;
  select array_agg(p_ids[v_batch[4 + n]]), array_agg(v_batch[4 + v_known + n]) into known_ids, known_times_ms from generate_series(1, v_known) as n;
end
$$;
