-- The semaphore's tables. Nothing in them counts up and down: a slot is a row, and the number of waiting commands follows from three
-- numbers that only grow. semaphore.lanes (the number of lanes) is set by the migrator.
--
-- All changes of a resource happen under the advisory lock of its lane, in READ COMMITTED (take_steps).

-- One row for each lane. The number of lanes is the number of rows here; it never changes, because a resource stays in its lane.
create table @schema@.lanes (
  lane          int    primary key check (lane >= 0),
  -- The outbox up to here is in Kafka. The row at this position has been removed.
  published_seq bigint not null default 0,
  published_tag bigint not null default 0
) with (fillfactor = 50);
insert into @schema@.lanes (lane) select generate_series(0, current_setting('semaphore.lanes')::int - 1);

-- Numbers of commands by lane, which only grow. waiting = accepted - granted - dropped;
-- running = granted - finished - expired - (cancelled - dropped).
create table @schema@.totals (
  lane      int    primary key,
  accepted  bigint not null default 0,
  granted   bigint not null default 0,
  dropped   bigint not null default 0, -- left the queue without a grant
  finished  bigint not null default 0,
  cancelled bigint not null default 0, -- those dropped included
  expired   bigint not null default 0
) with (fillfactor = 50);
insert into @schema@.totals (lane) select lane from @schema@.lanes;

-- Times of the queue and of rates are in microseconds since the Unix epoch.
create table @schema@.resources (
  resource       text   collate "C" primary key,
  lane           int    not null,
  -- Limits of its own; null: the default of the programs.
  running_limit  int    check (running_limit >= 0),
  waiting_limit  int    check (waiting_limit >= 0),
  lease_ms       bigint check (lease_ms >= 0),   -- 0: no lease
  ageing_ms      bigint check (ageing_ms >= 0),
  rate_count     int    check (rate_count > 0),
  rate_window_ms bigint check (rate_window_ms > 0),
  -- Commands accepted, granted, and dropped from the queue, ever. waiting = places - grants - drops. The last token is grants.
  places         bigint not null default 0,
  grants         bigint not null default 0,
  drops          bigint not null default 0,
  -- No command is accepted as if it had arrived before this time, so that equal priorities stay in the order of their commits.
  clock_us       bigint not null default 0,
  -- Of the last command that was accepted.
  ageing_us      bigint not null default 0,
  -- Every waiting command is after (head_rank, head_place), so that a search does not read the dead entries before it.
  head_rank      bigint not null default -9223372036854775808,
  head_place     bigint not null default 0,
  -- No slot has a lower token: the same for the search of slots.
  first_token    bigint not null default 1,
  -- With a rate: the next grant is due from this time on.
  rate_from_us   bigint not null default 0,
  -- Commands wait and slots are free, but the rate allows no grant before this time.
  due_us         bigint
) with (fillfactor = 50);
create index resources_due on @schema@.resources (lane, due_us) where due_us is not null;

-- Every command ever accepted: its id has one place, permanently. What changes while it is open is in waiting and slots; the row changes
-- once, at the end, and half of its page is free for that.
create table @schema@.commands (
  command_id          text        collate "C" primary key,
  resource            text        collate "C" not null,
  place               bigint      not null, -- 1, 2, 3 … in the resource, in the order of commits
  rank                bigint      not null, -- arrival minus priority times ageing: the order of the queue
  priority            smallint    not null,
  payload_bytes       int         not null,
  digest              uuid        not null, -- of the payload
  submitted_at        timestamptz not null,
  -- Null while it waits or holds a slot. 4 finished, 5 cancelled, 6 expired.
  state               smallint    check (state between 4 and 6),
  token               bigint,
  granted_at          timestamptz,
  cancel_requested_at timestamptz,
  ended_at            timestamptz
) with (fillfactor = 55);

create table @schema@.waiting (
  resource   text   collate "C" not null,
  rank       bigint not null,
  place      bigint not null,
  command_id text   collate "C" not null,
  payload    bytea  not null,
  primary key (resource, rank, place)
);

-- A slot that is held. While the row is there, the slot is taken.
create table @schema@.slots (
  resource            text        collate "C" not null,
  token               bigint      not null,
  command_id          text        collate "C" not null unique,
  lane                int         not null,
  granted_at          timestamptz not null,
  lease_until         timestamptz, -- null: no lease
  cancel_requested_at timestamptz,
  payload             bytea       not null,
  primary key (resource, token)
) with (fillfactor = 80);
create index slots_lease on @schema@.slots (lane, lease_until) where lease_until is not null;

-- What is to be published, in order. seq is 1, 2, 3 … in the lane without gaps; tag is the batch's. Rows are removed when they are published.
create table @schema@.outbox (
  lane       int         not null,
  seq        bigint      not null,
  tag        bigint      not null,
  -- 1 actionable; 2 cancelling, 4 finished, 5 cancelled, 6 expired; 7 refused because the queue is full, 8 refused because the id is another command's
  kind       smallint    not null,
  resource   text        collate "C" not null,
  command_id text        collate "C" not null,
  token      bigint,
  at         timestamptz not null,
  lease_ms   bigint, -- of an actionable command; null: no lease
  payload    bytea,  -- of an actionable command
  primary key (lane, seq)
);
