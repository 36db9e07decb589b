-- finish_run.sql for a run without attempts to record: the few bytes that most runs need.
with finished as (
    update retail_ops.run
    set
        finished_at = now(),
        status = $2,
        quality_score = $3::numeric,
        degraded = cardinality($4::text[]) > 0,
        degraded_reasons = $4::text[]
    where run_id = $1::uuid
    returning run_id
)
insert into retail_ops.run_end
select e.*
from finished as f
cross join (select $5::jsonb as e) as g
cross join pg_database_size(current_database()) as b
cross join jsonb_populate_record(
    null::retail_ops.run_end,
    g.e || jsonb_build_object(
        'run_id', f.run_id,
        'status', $2,
        'ended_at', now(),
        'database_bytes', b,
        'storage_cost_per_month', b * (g.e ->> 'gb_month')::numeric / 1e9
    )
) as e
on conflict (run_id, began_at, status) do update set ended_at = excluded.ended_at
