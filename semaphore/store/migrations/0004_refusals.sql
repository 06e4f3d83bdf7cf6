-- Refusals of what Kafka's records ask for. Each is published once, however often its record is read.

-- Who reads a partition: a UUID for each time that the group assigned it. An instance that was frozen, and has lost the partition without
-- noticing, can refuse nothing any more.
create table @schema@.readers (
  topic  text collate "C" not null,
  part   int              not null,
  reader uuid             not null,
  primary key (topic, part)
);

-- The records that were refused since the group's last commits. The timestamp tells a record from one of a topic of the same name that
-- was created later.
create table @schema@.refusals (
  topic         text collate "C" not null,
  part          int              not null,
  record_offset bigint           not null,
  timestamp_ms  bigint           not null,
  primary key (topic, part, record_offset)
);

-- Of a refused event (kind 9): the event, and why it changed nothing.
alter table @schema@.outbox add column event text, add column reason text;

-- Makes p_reader the reader of a partition, and returns which of the records from p_from on were refused.
create function @schema@.claim_partition(p_topic text, p_part int, p_reader uuid, p_from bigint)
  returns table (record_offset bigint, timestamp_ms bigint)
  language plpgsql volatile
  set search_path = @schema@, pg_temp
as $$
#variable_conflict use_column
begin
  insert into readers (topic, part, reader) values (p_topic, p_part, p_reader) on conflict (topic, part) do update set reader = p_reader;
  delete from refusals r where r.topic = p_topic and r.part = p_part and r.record_offset < p_from;
  return query select r.record_offset, r.timestamp_ms from refusals r where r.topic = p_topic and r.part = p_part;
end
$$;

-- Publishes refusals. p_belows: records below were committed in the group, and their refusals are removed. Returns for each, in order,
-- whether it counts: not if its reader has lost the partition.
create function @schema@.publish_refusals(
  p_readers uuid[], p_topics text[], p_parts int[], p_offsets bigint[], p_timestamps bigint[], p_belows bigint[],
  p_lanes int[], p_kinds int[], p_resources text[], p_command_ids text[], p_tokens bigint[], p_events text[], p_reasons text[]
) returns boolean[]
  language plpgsql volatile
  set search_path = @schema@, pg_temp
as $$
declare
  c_lock_class constant int := 1397050673; -- as in take_steps
  v_lane   int;
  v_tag    constant bigint := greatest(1, uuid_hash_extended(gen_random_uuid(), 0) & 9223372036854775807);
  v_counts boolean[];
begin
  for v_lane in select distinct u.lane from unnest(p_lanes) as u (lane) order by u.lane loop
    perform pg_advisory_xact_lock(c_lock_class, v_lane);
  end loop;
  perform from readers r where r.reader = any (p_readers) and r.topic = any (p_topics) order by r.topic, r.part for share;

  -- A record may be among them twice, and its offset may have been that of a record of an earlier topic.
  with given as (
    select u.*, exists (select from readers r where r.topic = u.topic and r.part = u.part and r.reader = u.reader) as counts
    from unnest(p_readers, p_topics, p_parts, p_offsets, p_timestamps, p_lanes, p_kinds, p_resources, p_command_ids, p_tokens, p_events, p_reasons) with ordinality
      as u (reader, topic, part, record_offset, timestamp_ms, lane, kind, resource, command_id, token, event, reason, number)
  ), asked as materialized (
    select g.*, g.counts and row_number() over (partition by g.counts, g.topic, g.part, g.record_offset order by g.number) = 1 as is_first from given g
  ), known as (
    insert into refusals (topic, part, record_offset, timestamp_ms)
    select a.topic, a.part, a.record_offset, a.timestamp_ms from asked a where a.is_first
    on conflict (topic, part, record_offset) do update set timestamp_ms = excluded.timestamp_ms where refusals.timestamp_ms <> excluded.timestamp_ms
    returning topic, part, record_offset
  ), told as (
    insert into outbox (lane, seq, tag, kind, resource, command_id, token, at, event, reason)
    select n.lane, l.seq + n.place, v_tag, n.kind, n.resource, n.command_id, n.token, clock_timestamp(), n.event, n.reason
    from (
      select a.*, row_number() over (partition by a.lane order by a.number) as place
      from asked a join known k using (topic, part, record_offset) where a.is_first
    ) n
    join (select u.lane, last_seq(u.lane) as seq from (select distinct lane from asked) u) l using (lane)
  )
  select array_agg(a.counts order by a.number) into v_counts from asked a;

  delete from refusals r using (select distinct topic, part, below from unnest(p_topics, p_parts, p_belows) as u (topic, part, below)) u
  where r.topic = u.topic and r.part = u.part and r.record_offset < u.below;
  return v_counts;
end
$$;
