-- What rows that somebody removes by hand must not do: have other pings acknowledged that are not recorded, or stop a fold.

-- As in 0005, but for a known id whose row is removed between the first look and the second: the others of the batch are inserted
-- all the same. There, nothing was, as the second look found null and not an empty list.
create or replace function @schema@.ping_record_batch(p_lanes int[], p_ids uuid[], p_times timestamptz[], p_doubtful uuid[]) returns bigint[]
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

  -- One look an id, in a subquery of its own, so that no plan reads more than that. It may find none: all were removed meanwhile.
  select coalesce(array_agg(k.number), '{}'), array_agg(@schema@.ping_time_ms(k.pinged_at)) into v_numbers, v_times_ms
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

-- As in 0003, but that it goes on behind a hole of more rows than it was to fold: to the first row that is there.
create or replace function @schema@.ping_fold(p_lane int, p_limit int) returns bigint
  language plpgsql volatile
  set enable_seqscan = off
  set search_path = @schema@, pg_temp
as $$
declare
  v_from ping_lanes;
  v_end  pings;
begin
  select * into v_from from ping_lanes where lane = p_lane for update;

  if v_from.folded_seq > 0 and not exists (
    select from pings where lane = p_lane and seq = v_from.folded_seq and tag = v_from.folded_tag
  ) then
    return null;
  end if;

  select * into v_end from pings
  where lane = p_lane and seq > v_from.folded_seq and seq <= v_from.folded_seq + p_limit
  order by seq desc limit 1;
  if not found then
    select * into v_end from pings where lane = p_lane and seq > v_from.folded_seq order by seq limit 1;
  end if;
  if not found then
    return 0;
  end if;

  insert into ping_minutes as m (minute, lane, count)
  select ping_minute(pinged_at), p_lane, count(*) from pings
  where lane = p_lane and seq > v_from.folded_seq and seq <= v_end.seq
  group by 1 order by 1
  on conflict (minute, lane) do update set count = m.count + excluded.count;

  update ping_lanes set folded_seq = v_end.seq, folded_tag = v_end.tag where lane = p_lane;
  return v_end.seq - v_from.folded_seq;
end
$$;
