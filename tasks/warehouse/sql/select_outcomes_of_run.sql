select distinct on (name)
    name,
    outcome
from retail_ops.delivery_attempt
where run_id = $1 and feed = $2 and name = any($3::text[]) and outcome in ('loaded', 'replaced')
order by name, attempt_id desc
