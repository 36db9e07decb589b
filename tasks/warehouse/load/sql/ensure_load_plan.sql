-- A delivery that must not be loaded ends the load; the others are sent again without it.
do $$
declare
    others jsonb;
begin
    select jsonb_agg(coalesce(to_jsonb(d), '{}') || jsonb_build_object(
        'name', p.name,
        'state', p.state,
        'other_feed', p.other_feed,
        'other_delivery', p.other_delivery,
        'outcome', (
            select a.outcome
            from retail_ops.delivery_attempt as a
            where a.run_id = q.run_id and a.feed = q.feed and a.name = p.name and a.outcome in ('loaded', 'replaced')
            order by a.attempt_id desc
            limit 1
        )
    ))
    into others
    from pg_temp.load_plan as p
    cross join pg_temp.load_request as q
    left join retail_ops.delivery as d on d.feed = q.feed and d.name = p.name
    where p.state <> 'load';
    if others is not null then
        raise exception 'the ledger has other deliveries than the run saw' using errcode = 'RT003', detail = others::text;
    end if;
end
$$
