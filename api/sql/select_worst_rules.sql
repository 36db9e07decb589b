-- Error rules by the lines in quarantine that violate them, by feed and delivery, each null for all; the worst first.
select coalesce(json_agg(row_to_json(w) order by w.lines desc, w.rule), '[]'::json)
from (
    select
        r.rule,
        count(*) as lines,
        count(distinct (r.feed, r.delivery)) as deliveries,
        max(r.time) as last_seen,
        (array_agg(r.value order by r.attempt_id desc, r.line))[1] as example
    from retail_ops.rejected_line as r
    where ($1::text is null or r.feed = $1) and ($2::text is null or r.delivery = $2)
    group by r.rule
    order by count(*) desc, r.rule
    limit 20
) as w
