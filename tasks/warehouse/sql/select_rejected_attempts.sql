-- The attempts with faulty lines: the one that is in the warehouse, and open refusals after it; with $2 all.
select
    a.attempt_id,
    a.feed,
    a.name,
    a.outcome,
    a.attempted_at,
    a.run_id::text as run_id,
    a.rows_in,
    a.rows_quarantined,
    (select count(*) from retail_ops.quarantine as q where q.attempt_id = a.attempt_id) as lines_kept
from retail_ops.delivery_attempt as a
left join retail_ops.delivery as d on d.feed = a.feed and d.name = a.name
where
    (cardinality($1::text[]) = 0 or a.name = any ($1::text[]))
    and ($3 = '' or a.feed = $3)
    and a.rows_quarantined > 0
    and ($2 or a.attempt_id >= d.attempt_id or (d.attempt_id is null and a.outcome = 'refused'))
    and (
        $2
        or a.attempt_id = d.attempt_id
        or not exists (
            select
            from retail_ops.delivery_attempt as l
            where l.feed = a.feed and l.name = a.name and l.attempt_id > a.attempt_id and l.outcome = 'unchanged'
        )
    )
order by a.attempt_id desc
