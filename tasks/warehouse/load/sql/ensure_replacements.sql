-- A replacement that withdraws more than half of a delivery's lines, or more than a tenth and more than 20, is more
-- likely a truncated file than a correction. So is one that shrinks to as little of the largest content it ever had.
do $$
declare
    refused jsonb;
begin
    select jsonb_agg(to_jsonb(r))
    into refused
    from (
        select
            p.name,
            p.lines - p.rows_quarantined - p.rows_dropped as rows,
            p.rows_peak as peak,
            count(*) filter (where h.is_withdrawn) as withdrawn,
            count(h.line_id) as held
        from pg_temp.load_plan as p
        join pg_temp.load_request as q on not q.replace_anyway
        join pg_temp.held_line as h using (delivery_key)
        group by p.name, p.lines, p.rows_quarantined, p.rows_dropped, p.rows_peak
    ) as r
    where
        r.withdrawn > least(greatest(20, 0.1 * r.held), 0.5 * r.held)
        or (r.rows < r.held and r.peak - r.rows > least(greatest(20, 0.1 * r.peak), 0.5 * r.peak));
    if refused is not null then
        raise exception 'replacements withdraw too many lines' using errcode = 'RT004', detail = refused::text;
    end if;
end
$$
