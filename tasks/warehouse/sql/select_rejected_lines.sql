select feed, delivery, line, rule, value, raw, run::text as run, time, outcome, attempt_id
from retail_ops.rejected_line
where attempt_id = any ($1::bigint[])
order by attempt_id desc, line, rule
limit $2
offset $3
