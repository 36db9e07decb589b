-- Backups by kind, with the size of the last one, and proofs by outcome. Nothing deletes these rows.
select coalesce(json_agg(json_build_array(b.metric, b.labels, b.value)), '[]'::json)
from (
    select 'retail_backups_total' as metric, json_build_array(kind) as labels, count(*)::numeric as value
    from retail_ops.backup
    group by kind
    union all
    (
        select distinct on (kind) 'retail_last_backup_size_bytes', json_build_array(kind), size_bytes
        from retail_ops.backup
        order by kind, created_at desc
    )
    union all
    select 'retail_proofs_total', json_build_array(outcome), count(*)
    from retail_ops.backup_proof
    group by outcome
    union all
    (
        select 'retail_last_proof_passed', '[]'::json, case outcome when 'passed' then 1 else 0 end
        from retail_ops.backup_proof
        order by proved_at desc, proof_id
        limit 1
    )
) as b
