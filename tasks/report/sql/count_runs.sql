-- Ends of runs by status, and the runs that have not ended. Rows of run_end are never deleted or changed, other than those
-- of run: a run can be retried under its id, or end after it was taken for dead.
select coalesce(json_agg(json_build_array(r.metric, r.labels, r.runs)), '[]'::json)
from (
    select 'retail_runs_total' as metric, json_build_array(status) as labels, count(*) as runs
    from retail_ops.run_end
    group by status
    union all
    select 'retail_running_runs', '[]'::json, count(*)
    from retail_ops.run
    where status = 'running'
) as r
