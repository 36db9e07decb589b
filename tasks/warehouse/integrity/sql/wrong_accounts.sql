-- severity: error
-- finds: deliveries whose rows do not add up (in = loaded + duplicate + quarantined + passed over), also those of earlier loads
with account as (
    select feed, name, attempt_id, rows_in, rows_loaded, rows_duplicate, rows_quarantined, rows_passed_over, passed_over
    from retail_ops.delivery
    union all
    select feed, name, attempt_id, rows_in, rows_loaded, rows_duplicate, rows_quarantined, rows_passed_over, passed_over
    from retail_ops.delivery_attempt as a
    where
        outcome in ('loaded', 'replaced')
        and not exists (select from retail_ops.delivery as d where d.attempt_id = a.attempt_id)
)
select
    a.feed,
    a.name as delivery,
    a.attempt_id,
    a.rows_in,
    a.rows_loaded,
    a.rows_duplicate,
    a.rows_quarantined,
    a.rows_passed_over,
    r.rows as rows_of_reasons
from account as a
cross join lateral (
    select coalesce(sum((value ->> 'rows')::bigint), 0) as rows
    from jsonb_each(a.passed_over)
) as r
where
    a.rows_in <> a.rows_loaded + a.rows_duplicate + a.rows_quarantined + a.rows_passed_over
    or a.rows_passed_over <> r.rows
