-- Records a batch: all of it in one transaction, in one lane, with the next numbers of that lane.
--
-- p_lanes     lanes to choose from, best first: the first that no other batch holds, else the first.
-- p_ids       the pings' ids, sorted and unique.
-- p_times_ms  their times, in the same order.
--
-- The head is read in a statement after the one that took the lock: in READ COMMITTED it then sees all
-- that was committed under the lock before. Ids recorded before are left out and named, with the times
-- they were recorded with; the others got before_seq + 1, + 2, … in order. An id that another lane
-- records at this moment fails the whole call (unique_violation): numbers are never given to rows that
-- were then skipped. The caller calls again with the same ids.
create function ping_record(
  p_lanes int[], p_ids uuid[], p_times_ms bigint[],
  out lane int, out before_seq bigint, out before_tag bigint, out tag bigint,
  out known_ids uuid[], out known_times_ms bigint[]
)
  language plpgsql volatile
  set enable_seqscan = off
  set ping.recording = 'on'
as $$
#variable_conflict use_column
declare
  v_lane int;
  v_seq  bigint;
  v_tag  bigint;
begin
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'ping_record needs READ COMMITTED, got %', current_setting('transaction_isolation');
  end if;

  foreach v_lane in array p_lanes loop
    exit when pg_try_advisory_xact_lock(ping_lock_class_batch(), v_lane);
    v_lane := null;
  end loop;
  if v_lane is null then
    v_lane := p_lanes[1];
    perform pg_advisory_xact_lock(ping_lock_class_batch(), v_lane);
  end if;

  select p.seq, p.tag into v_seq, v_tag from pings p where p.lane = v_lane order by p.seq desc limit 1;
  lane := v_lane;
  before_seq := coalesce(v_seq, 0);
  before_tag := coalesce(v_tag, 0);
  tag := ping_new_tag();

  select array_agg(p.id), array_agg(ping_time_ms(p.pinged_at))
  into known_ids, known_times_ms
  from pings p where p.id = any (p_ids);

  if known_ids is null then
    insert into pings (id, pinged_at, lane, seq, tag)
    select n.id, ping_time(n.time_ms), v_lane, ping_record.before_seq + n.number, ping_record.tag
    from unnest(p_ids, p_times_ms) with ordinality as n (id, time_ms, number);
  elsif cardinality(known_ids) < cardinality(p_ids) then
    insert into pings (id, pinged_at, lane, seq, tag)
    select n.id, ping_time(n.time_ms), v_lane, ping_record.before_seq + row_number() over (order by n.number), ping_record.tag
    from unnest(p_ids, p_times_ms) with ordinality as n (id, time_ms, number)
    where n.id <> all (ping_record.known_ids);
  else
    -- Nothing to insert: write WAL all the same, so that the commit waits for the standbys that the
    -- first try may not have waited for. A transaction id alone would not make it wait.
    perform pg_logical_emit_message(true, 'ping', '');
  end if;
end
$$;

-- A row that comes by any other way than ping_record: by hand, or from a server of the original.
-- It is given its place here, or refused; it is never silently missing from the count.
create function ping_place_row() returns trigger
  language plpgsql volatile
  set enable_seqscan = off
as $$
declare
  v_lane int;
  v_seq  bigint;
begin
  if new.lane is not null or new.seq is not null or new.tag is not null then
    raise exception 'pings: lane, seq and tag are given by the ledger; got lane %, seq %, tag %', new.lane, new.seq, new.tag
      using hint = 'Insert id and pinged_at only.';
  end if;
  if new.id is null or new.pinged_at is null or not isfinite(new.pinged_at) then
    raise exception 'pings: a row needs an id and a finite pinged_at; got id %, pinged_at %', new.id, new.pinged_at;
  end if;
  if current_setting('transaction_isolation') <> 'read committed' then
    raise exception 'pings: an insert needs READ COMMITTED, got %', current_setting('transaction_isolation')
      using hint = 'Use: begin isolation level read committed.';
  end if;

  -- One lane for all rows of a transaction, so that two such transactions cannot wait for each other in a circle.
  select l.lane into v_lane from ping_lanes l
  order by l.lane
  offset (pg_current_xact_id()::text::numeric % (select count(*) from ping_lanes))::int limit 1;
  perform pg_advisory_xact_lock(ping_lock_class_batch(), v_lane);
  select p.seq into v_seq from pings p where p.lane = v_lane order by p.seq desc limit 1;
  new.lane := v_lane;
  new.seq := coalesce(v_seq, 0) + 1;
  new.tag := ping_new_tag();
  return new;
end
$$;

create trigger ping_place_row before insert on pings
  for each row when (current_setting('ping.recording', true) is distinct from 'on')
  execute function ping_place_row();
