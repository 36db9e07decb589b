-- A run that its own process closed stays as it is. What it used is not known.
with closed as (
    update retail_ops.run
    set
        finished_at = now(),
        status = $2
    where run_id = $1 and status = 'running'
    returning run_id, started_at
)
insert into retail_ops.run_end (run_id, began_at, status)
select run_id, started_at, $2
from closed
on conflict do nothing
