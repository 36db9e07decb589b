-- Times of the last run, good run, backup, proof and integrity look, in seconds since 1970.
select coalesce(json_agg(json_build_array(t.metric, t.labels, extract(epoch from t.at))), '[]'::json)
from (
    select 'retail_last_run_timestamp_seconds' as metric, '[]'::json as labels, max(started_at) as at
    from retail_ops.run
    union all
    select 'retail_last_good_run_timestamp_seconds', '[]'::json, max(finished_at)
    from retail_ops.run
    where status = 'completed'
    union all
    (
        select 'retail_last_backup_timestamp_seconds', json_build_array(kind), max(created_at)
        from retail_ops.backup
        group by kind
    )
    union all
    select 'retail_last_proof_timestamp_seconds', '[]'::json, max(proved_at)
    from retail_ops.backup_proof
    where outcome = 'passed'
    union all
    select 'retail_last_integrity_timestamp_seconds', '[]'::json, max(examined_at)
    from retail_ops.integrity_result
) as t
where t.at is not null
