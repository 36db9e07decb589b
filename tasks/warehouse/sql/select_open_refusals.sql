-- Deliveries whose last attempt was refused or failed; a file that was still being written says nothing.
select coalesce(json_agg(row_to_json(o) order by o.attempted_at desc, o.name), '[]'::json)
from (
    select l.feed, l.name, l.outcome, l.refusal, l.reason, l.quality_score, l.attempted_at, l.run_id, l.has_earlier_content
    from (
        select distinct on (a.feed, a.name)
            a.feed,
            a.name,
            a.outcome,
            a.refusal,
            a.reason,
            a.quality_score::float8 as quality_score,
            a.attempted_at,
            a.run_id,
            d.delivery_key is not null as has_earlier_content
        from retail_ops.delivery_attempt as a
        left join retail_ops.delivery as d on d.feed = a.feed and d.name = a.name
        where a.outcome <> 'unfinished'
        order by a.feed, a.name, a.attempt_id desc
    ) as l
    where l.outcome in ('refused', 'failed')
) as o
