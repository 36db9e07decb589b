select
    d.feed,
    d.name,
    d.loaded_at,
    d.rows_in,
    d.rows_loaded,
    d.rows_duplicate,
    d.rows_quarantined,
    d.rows_passed_over,
    d.passed_over::text as passed_over,
    d.quality_score::float8 as quality_score,
    d.content_hash,
    d.contract_version,
    d.run_id::text as run_id,
    d.vanished_at,
    (select a.notes from retail_ops.delivery_attempt as a where a.attempt_id = d.attempt_id) as notes,
    coalesce(c.attempts, 0) as attempts,
    count(*) over () as total
from retail_ops.delivery as d
-- Counted once for all: no index finds the attempts of a delivery.
left join (
    select feed, name, count(*) as attempts
    from retail_ops.delivery_attempt
    group by feed, name
) as c using (feed, name)
where $1 = '' or d.feed = $1
order by d.loaded_at desc, d.feed, d.name
limit $2
offset $3
