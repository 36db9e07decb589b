-- What the flow run itself left in retail_ops: one row, with nulls where it left nothing.
select
    (
        select json_build_object(
            'status', r.status,
            'feed', (select min(a.feed) from retail_ops.delivery_attempt as a where a.run_id = r.run_id),
            'started_at', r.started_at,
            'finished_at', r.finished_at,
            'quality_score', r.quality_score::text,
            'degraded', r.degraded,
            'degraded_reasons', r.degraded_reasons,
            'deliveries', coalesce(
                (
                    select json_object_agg(t.outcome, t.deliveries)
                    from (
                        select a.outcome, count(*) as deliveries
                        from retail_ops.delivery_attempt as a
                        where a.run_id = r.run_id and a.outcome <> 'unchanged'
                        group by a.outcome
                    ) as t
                ),
                '{}'::json
            ),
            'rows_loaded', (
                select coalesce(sum(a.rows_loaded), 0)
                from retail_ops.delivery_attempt as a
                where a.run_id = r.run_id and a.outcome in ('loaded', 'replaced')
            ),
            'problems', array(
                select a.name || ': ' || a.reason
                from retail_ops.delivery_attempt as a
                where a.run_id = r.run_id and a.reason is not null
                order by a.attempt_id
                limit 20
            )
        )
        from retail_ops.run as r
        where r.run_id = $1
    )::text as load,
    (
        select json_build_object(
            'flow', o.flow,
            'outcome', o.outcome,
            'backup', o.backup_id,
            'message', o.message,
            'report', o.report,
            'finished_at', o.finished_at
        )
        from retail_ops.backup_operation as o
        where o.flow_run_id = $1
    )::text as operation
