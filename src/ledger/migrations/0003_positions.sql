-- Folds the rows after a lane's folded position into the rollup, at most p_limit of them, and moves the
-- position, in one transaction. Whoever calls, and however often: the row lock and the tags make it safe.
-- Returns the number of rows folded; null if the folded position is not in this history any more.
create function ping_fold(p_lane int, p_limit int) returns bigint
  language plpgsql volatile
  set enable_seqscan = off
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

-- Forgets a lane's part of the rollup, so that it is folded anew from the first ping.
create function ping_unfold(p_lane int) returns void
  language plpgsql volatile
as $$
begin
  perform from ping_lanes where lane = p_lane for update;
  delete from ping_minutes where lane = p_lane;
  update ping_lanes set folded_seq = 0, folded_tag = 0 where lane = p_lane;
end
$$;

-- Moves published positions by compare-and-set: a lane's is moved only if it is still where the caller
-- began and the row at the caller's end carries the caller's tag. Returns the lanes that were moved.
create function ping_move_published(
  p_lanes int[], p_from_seqs bigint[], p_from_tags bigint[], p_to_seqs bigint[], p_to_tags bigint[]
) returns setof int
  language plpgsql volatile
  set enable_seqscan = off
as $$
begin
  perform from ping_lanes where lane = any (p_lanes) order by lane for update;
  return query
    update ping_lanes l
    set published_seq = m.to_seq, published_tag = m.to_tag
    from unnest(p_lanes, p_from_seqs, p_from_tags, p_to_seqs, p_to_tags)
      as m (lane, from_seq, from_tag, to_seq, to_tag)
    where l.lane = m.lane
      and l.published_seq = m.from_seq and l.published_tag = m.from_tag
      and exists (select from pings p where p.lane = m.lane and p.seq = m.to_seq and p.tag = m.to_tag)
    returning l.lane;
end
$$;
