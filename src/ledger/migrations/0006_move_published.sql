-- As in 0003, but that the row at the caller's end is looked up by a subquery that gives its tag. "exists" becomes a join, and a plan
-- made while there were few rows then read each lane from its beginning, as long as the session lived.
create or replace function @schema@.ping_move_published(
  p_lanes int[], p_from_seqs bigint[], p_from_tags bigint[], p_to_seqs bigint[], p_to_tags bigint[]
) returns setof int
  language plpgsql volatile
  set enable_seqscan = off
  set search_path = @schema@, pg_temp
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
      and m.to_tag = (select p.tag from pings p where p.lane = m.lane and p.seq = m.to_seq)
    returning l.lane;
end
$$;
