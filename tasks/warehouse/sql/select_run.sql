select coalesce((
    select json_build_object(
        'parameters', r.parameters,
        'versions', r.versions,
        'last_backup_id', r.last_backup_id,
        'attempts', (
            select coalesce(json_agg(row_to_json(t) order by t.attempt_id), '[]'::json)
            from (
                select
                    a.attempt_id,
                    a.feed,
                    a.name,
                    a.outcome,
                    a.refusal,
                    a.reason,
                    a.quality_score::float8 as quality_score,
                    a.attempted_at,
                    a.rows_in,
                    a.rows_loaded,
                    a.rows_duplicate,
                    a.rows_quarantined,
                    a.rows_passed_over,
                    a.passed_over,
                    a.notes
                from retail_ops.delivery_attempt as a
                where a.run_id = r.run_id
                order by a.attempt_id
                limit 1000
            ) as t
        )
    )
    from retail_ops.run as r
    where r.run_id = $1::uuid
), 'null'::json)
