-- A replacement that withdraws more than a tenth of a delivery's lines, and more than 20, is more likely a truncated
-- file than a correction.
do $$
declare
    refused jsonb;
begin
    select jsonb_agg(jsonb_build_object('name', p.name, 'withdrawn', h.withdrawn, 'held', h.held))
    into refused
    from pg_temp.load_plan as p
    join (
        select delivery_key, count(*) filter (where is_withdrawn) as withdrawn, count(*) as held
        from pg_temp.held_line
        group by delivery_key
    ) as h using (delivery_key)
    cross join pg_temp.load_request as q
    where not q.replace_anyway and h.withdrawn > greatest(20, 0.1 * h.held);
    if refused is not null then
        raise exception 'replacements withdraw too many lines' using errcode = 'RT004', detail = refused::text;
    end if;
end
$$
