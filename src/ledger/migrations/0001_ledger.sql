-- The ledger: every ping, numbered without gaps in one of a fixed number of lanes.
-- Runs on an empty database and on one of the original service alike; there, the
-- table pings and its two columns stay as they are and the old rows are numbered.
-- ping.lanes (the number of lanes) is set by the migrator.

create table if not exists pings (
  id        uuid        primary key,
  pinged_at timestamptz not null
);

-- An old server that still runs waits here, and is served by the trigger below afterwards.
lock table pings in access exclusive mode;

do $$
declare
  faulty bigint;
begin
  select count(*) into faulty from pings where id is null or pinged_at is null or not isfinite(pinged_at);
  if faulty > 0 then
    raise exception 'cannot number the rows of pings: % of them have no id, or no finite pinged_at', faulty
      using hint = 'Look at them with: select * from pings where id is null or pinged_at is null or not isfinite(pinged_at); then mend or delete them, and start again.';
  end if;
  select count(*) - count(distinct id) into faulty from pings;
  if faulty > 0 then
    raise exception 'cannot number the rows of pings: % of them repeat the id of another row', faulty
      using hint = 'Look at them with: select id, count(*) from pings group by id having count(*) > 1; then mend or delete them, and start again.';
  end if;
end
$$;

-- (Stable and not strict, as their bodies are: only so does Postgres inline them.)
-- The ping's own time in ms since the epoch, rounded down, also before 1970.
create function ping_time_ms(pinged_at timestamptz) returns bigint
  language sql stable parallel safe
  return floor(extract(epoch from pinged_at) * 1000)::bigint;

-- The reverse, exact to the millisecond for all years, whatever the session's time zone.
create function ping_time(time_ms bigint) returns timestamptz
  language sql stable parallel safe
  return timestamptz '1970-01-01 00:00:00+00'
    + make_interval(hours => (time_ms / 3600000)::int, secs => ((time_ms % 3600000) / 1000.0)::double precision);

-- floor(time in ms / 60000)
create function ping_minute(pinged_at timestamptz) returns bigint
  language sql stable parallel safe
  return floor(extract(epoch from pinged_at) / 60)::bigint;

-- A random tag, 1 … 2^63 - 1, from the random digits of a UUIDv4 (the 13th and 17th are not random).
create function ping_new_tag() returns bigint
  language sql volatile
  return greatest(1, (
    select ('x' || substr(d, 1, 12) || substr(d, 21, 4))::bit(64)::bigint & 9223372036854775807
    from replace(gen_random_uuid()::text, '-', '') as d
  ));

-- Advisory locks: (class, lane). Class 1 is held by a batch while it numbers its rows, class 2 by a relay.
create function ping_lock_class_batch() returns int language sql immutable return 1349080653;
create function ping_lock_class_relay() returns int language sql immutable return 1349080654;

-- One row a lane. The number of lanes is the number of rows here and nowhere else.
create table ping_lanes (
  lane          int    primary key check (lane >= 0),
  published_seq bigint not null default 0,
  published_tag bigint not null default 0,
  folded_seq    bigint not null default 0,
  folded_tag    bigint not null default 0
) with (fillfactor = 50);

insert into ping_lanes (lane) select generate_series(0, current_setting('ping.lanes')::int - 1);

-- The rollup: pings by minute, of each lane up to its folded position.
create table ping_minutes (
  minute bigint not null,
  lane   int    not null,
  count  bigint not null check (count > 0),
  primary key (minute, lane)
) with (fillfactor = 80);

alter table pings add column lane int, add column seq bigint, add column tag bigint;

-- Old rows: dealt out to the lanes in order of time, one tag for each lane.
with tags as materialized (
  select lane, ping_new_tag() as tag from ping_lanes
), numbered as (
  select id, row_number() over (order by pinged_at, id) - 1 as n from pings
)
update pings p
set lane = tags.lane, seq = n / current_setting('ping.lanes')::int + 1, tag = tags.tag
from numbered
join tags on tags.lane = n % current_setting('ping.lanes')::int
where p.id = numbered.id;

alter table pings
  alter column lane set not null,
  alter column seq set not null,
  alter column tag set not null;

create unique index pings_lane_seq on pings (lane, seq);
create index pings_pinged_at on pings (pinged_at);

do $$
begin
  if not exists (
    select from pg_index i
    join pg_attribute a on a.attrelid = i.indrelid and a.attname = 'id'
    where i.indrelid = 'pings'::regclass and i.indisunique and i.indpred is null and i.indisvalid
      and i.indnkeyatts = 1 and i.indkey[0] = a.attnum
  ) then
    create unique index pings_id on pings (id);
  end if;
end
$$;

-- Old rows are counted, not published: they were never promised to the topic.
insert into ping_minutes (minute, lane, count)
select ping_minute(pinged_at), lane, count(*) from pings group by 1, 2;

update ping_lanes l
set published_seq = h.seq, published_tag = h.tag, folded_seq = h.seq, folded_tag = h.tag
from (select distinct on (lane) lane, seq, tag from pings order by lane, seq desc) h
where h.lane = l.lane;
