-- Moves published positions by compare-and-set, and removes what is published: a lane's position is moved only if it is still where
-- the caller began and the row at the caller's end has the caller's tag. Returns the lanes that were moved.
create function @schema@.move_published(p_lanes int[], p_from_seqs bigint[], p_from_tags bigint[], p_to_seqs bigint[], p_to_tags bigint[])
  returns setof int
  language plpgsql volatile
  set search_path = @schema@, pg_temp
as $$
begin
  perform from lanes where lane = any (p_lanes) order by lane for update;
  return query
    with moves as materialized (
      select m.* from unnest(p_lanes, p_from_seqs, p_from_tags, p_to_seqs, p_to_tags) as m (lane, from_seq, from_tag, to_seq, to_tag)
      cross join lateral (
        select from lanes l where l.lane = m.lane and l.published_seq = m.from_seq and l.published_tag = m.from_tag offset 0
      ) l
      where m.to_seq > m.from_seq and m.to_tag = (select o.tag from outbox o where o.lane = m.lane and o.seq = m.to_seq)
    ), removed as (
      delete from outbox o using (
        select r.tid from moves m
        cross join lateral (select o.ctid as tid from outbox o where o.lane = m.lane and o.seq > m.from_seq and o.seq <= m.to_seq offset 0) r
      ) d where o.ctid = d.tid
    )
    update lanes l set published_seq = m.to_seq, published_tag = m.to_tag from moves m where l.lane = m.lane
    returning l.lane;
end
$$;
