insert into retail_ops.delivery_attempt (
    attempt_id, run_id, feed, name, content_hash, outcome, quality_score, rows_in, rows_quarantined, rows_passed_over,
    passed_over, notes, contract_version
)
overriding system value
select
    p.attempt_id,
    q.run_id,
    q.feed,
    p.name,
    p.content_hash,
    case when p.replaces then 'replaced' else 'loaded' end,
    p.quality_score,
    p.rows_in,
    p.rows_quarantined,
    coalesce(p.rows_passed_over, 0),
    coalesce(p.passed_over, '{}'),
    coalesce(p.notes, '{}'),
    q.contract_version
from pg_temp.load_plan as p
cross join pg_temp.load_request as q
order by p.delivery
