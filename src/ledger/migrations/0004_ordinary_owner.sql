-- The functions that record, as an ordinary owner of the database can create and call them, and the triggers that keep others from
-- changing the count. @schema@ is the schema of Ping's tables, which the migrator fills in: whatever a session's search_path is, and
-- whatever its temporary tables are called, these functions read and write the ledger.

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
--
-- Ping's sessions plan by index (session.ts), so this function, which every batch waits for, has no `set` clause for it.
create or replace function @schema@.ping_record(
  p_lanes int[], p_ids uuid[], p_times_ms bigint[],
  out lane int, out before_seq bigint, out before_tag bigint, out tag bigint,
  out known_ids uuid[], out known_times_ms bigint[]
)
  language plpgsql volatile
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
    exit when pg_try_advisory_xact_lock(@schema@.ping_lock_class_batch(), v_lane);
    v_lane := null;
  end loop;
  if v_lane is null then
    v_lane := p_lanes[1];
    perform pg_advisory_xact_lock(@schema@.ping_lock_class_batch(), v_lane);
  end if;

  select p.seq, p.tag into v_seq, v_tag from @schema@.pings p where p.lane = v_lane order by p.seq desc limit 1;
  lane := v_lane;
  before_seq := coalesce(v_seq, 0);
  before_tag := coalesce(v_tag, 0);
  tag := set_config('ping.recording', @schema@.ping_new_tag()::text, true); -- so the trigger below lets these rows through

  select array_agg(p.id), array_agg(@schema@.ping_time_ms(p.pinged_at))
  into known_ids, known_times_ms
  from @schema@.pings p where p.id = any (p_ids);

  if known_ids is null then
    insert into @schema@.pings (id, pinged_at, lane, seq, tag)
    select n.id, @schema@.ping_time(n.time_ms), v_lane, ping_record.before_seq + n.number, ping_record.tag
    from unnest(p_ids, p_times_ms) with ordinality as n (id, time_ms, number);
  elsif cardinality(known_ids) < cardinality(p_ids) then
    insert into @schema@.pings (id, pinged_at, lane, seq, tag)
    select n.id, @schema@.ping_time(n.time_ms), v_lane, ping_record.before_seq + row_number() over (order by n.number), ping_record.tag
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
-- It is given its place here, or refused; it is never silently missing from the count. Whoever may insert into pings
-- needs no right on Ping's other tables, so it runs as the owner.
create or replace function @schema@.ping_place_row() returns trigger
  language plpgsql volatile security definer
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
  select l.lane into v_lane from @schema@.ping_lanes l
  order by l.lane
  offset (pg_current_xact_id()::text::numeric % (select count(*) from @schema@.ping_lanes))::int limit 1;
  perform pg_advisory_xact_lock(@schema@.ping_lock_class_batch(), v_lane);
  select p.seq into v_seq from @schema@.pings p where p.lane = v_lane order by p.seq desc limit 1;
  new.lane := v_lane;
  new.seq := coalesce(v_seq, 0) + 1;
  new.tag := @schema@.ping_new_tag();
  return new;
end
$$;

-- Only ping_record knows the tag that it drew in this transaction; rows with any other, or none, are placed or refused.
create or replace trigger ping_place_row before insert on @schema@.pings
  for each row when ((new.tag::text = current_setting('ping.recording', true)) is not true)
  execute function @schema@.ping_place_row();

-- What was recorded does not change: a row that moved to another minute, lane or number would be counted wrong, or not at all.
create function @schema@.ping_keep_row() returns trigger
  language plpgsql volatile
as $$
begin
  raise exception 'pings: id, pinged_at, lane, seq and tag of a recorded row do not change; got an update of the row with id %', old.id
    using hint = 'A ping of another time is another ping: insert it with an id of its own.';
end
$$;

create trigger ping_keep_row before update on @schema@.pings
  for each row when (
    (old.id, old.pinged_at, old.lane, old.seq, old.tag) is distinct from (new.id, new.pinged_at, new.lane, new.seq, new.tag)
  )
  execute function @schema@.ping_keep_row();

-- Without a lane, its pings are recorded and not counted; without the rollup, ranges lack what is folded.
create function @schema@.ping_keep_lanes() returns trigger
  language plpgsql volatile
as $$
begin
  raise exception '%: its rows belong to those of pings and are not removed by hand; got %', tg_table_name, tg_op
    using hint = 'To begin the ledger anew, truncate pings alone: the rest follows within seconds.';
end
$$;

create trigger ping_keep_lanes before truncate or delete on @schema@.ping_lanes
  for each statement execute function @schema@.ping_keep_lanes();
create trigger ping_keep_lanes before truncate on @schema@.ping_minutes
  for each statement execute function @schema@.ping_keep_lanes();

-- These are not on the way of a ping, so they may have the clause.
alter function @schema@.ping_place_row() set search_path = @schema@, pg_temp;
alter function @schema@.ping_fold(int, int) set search_path = @schema@, pg_temp;
alter function @schema@.ping_unfold(int) set search_path = @schema@, pg_temp;
alter function @schema@.ping_move_published(int[], bigint[], bigint[], bigint[], bigint[]) set search_path = @schema@, pg_temp;
