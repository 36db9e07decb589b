-- Runs by status, feed and id, each null for all; the last first.
with chosen as (
    select r.*
    from retail_ops.run as r
    where
        ($1::text is null or r.status = $1)
        and ($2::text is null or r.parameters ->> 'feed' = $2)
        and ($3::uuid is null or r.run_id = $3)
)
select json_build_object(
    'total', (select count(*) from chosen),
    'items', (
        select coalesce(json_agg(row_to_json(p)), '[]'::json)
        from (
            select
                c.run_id,
                c.status,
                c.started_at,
                c.finished_at,
                c.quality_score::float8 as quality_score,
                c.degraded_reasons,
                c.parameters ->> 'feed' as feed,
                (
                    select coalesce(json_object_agg(o.outcome, o.deliveries), '{}'::json)
                    from (
                        select a.outcome, count(*) as deliveries
                        from retail_ops.delivery_attempt as a
                        where a.run_id = c.run_id and a.outcome <> 'unchanged'
                        group by a.outcome
                        order by a.outcome
                    ) as o
                ) as outcomes,
                (
                    select json_build_object(
                        'seconds', e.seconds,
                        'cpu_seconds', e.cpu_seconds,
                        'peak_memory_bytes', e.peak_memory_bytes,
                        'bytes_read', e.bytes_read,
                        'bytes_written', e.bytes_written,
                        'connections', e.connections,
                        'turns', e.turns,
                        'bytes_sent', e.bytes_sent,
                        'bytes_received', e.bytes_received,
                        'database_bytes', e.database_bytes,
                        'currency', e.currency,
                        'cpu_cost', e.cpu_cost::text,
                        'traffic_cost', e.traffic_cost::text,
                        'storage_cost_per_month', e.storage_cost_per_month::text,
                        'stages', (
                            select coalesce(json_agg(json_build_object(
                                'stage', s.stage,
                                'seconds', s.seconds,
                                'cpu_seconds', s.cpu_seconds,
                                'rows', s.rows,
                                'rows_per_second', s.rows_per_second
                            )), '[]'::json)
                            from retail_ops.run_stage as s
                            where s.run_id = e.run_id and s.began_at = e.began_at and s.status = e.status
                        )
                    )
                    from retail_ops.run_end as e
                    where e.run_id = c.run_id and c.status <> 'running'
                    order by e.ended_at desc
                    limit 1
                ) as use
            from chosen as c
            order by c.started_at desc, c.run_id
            limit $4::integer
            offset $5::bigint
        ) as p
    )
)
