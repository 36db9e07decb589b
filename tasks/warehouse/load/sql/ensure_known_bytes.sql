-- Bytes that another feed has loaded are more likely a mistyped feed than two shops with the same sales.
do $$
declare
    others jsonb;
begin
    select jsonb_agg(jsonb_build_object('name', p.name, 'other_feed', o.feed, 'other_delivery', o.name))
    into others
    from pg_temp.load_request as q
    join pg_temp.load_plan as p on p.rows_in > p.rows_quarantined
    cross join lateral (
        select d.feed, d.name
        from retail_ops.delivery as d
        where d.content_hash = p.content_hash and d.feed <> q.feed and d.rows_in > d.rows_quarantined
        order by d.loaded_at, d.delivery_key
        limit 1
    ) as o
    where not q.accept_known_bytes;
    if others is not null then
        raise exception 'another feed has loaded these bytes' using errcode = 'RT007', detail = others::text;
    end if;
end
$$
