-- What the ledger says: its revision, deliveries and runs. A run is good if its score reaches the threshold it ran with.
with completed as (
    select
        run_id,
        started_at,
        quality_score,
        quality_score >= coalesce((parameters ->> 'quality_threshold')::numeric, 0) as is_good
    from retail_ops.run
    where status = 'completed'
)
select jsonb_build_object(
    'revision', (select min(version_num::text) from retail_ops.schema_version),
    'deliveries', (
        select coalesce(
            jsonb_agg(
                jsonb_build_array(feed, name, content_hash, reading_settings) order by feed, name
            ),
            '[]'
        )
        from retail_ops.delivery
    ),
    'run', (
        select jsonb_build_array(run_id, quality_score) from completed order by started_at desc, run_id limit 1
    ),
    'last_good_run', (
        select run_id from completed where is_good order by started_at desc, run_id limit 1
    ),
    'runs', (
        select coalesce(jsonb_agg(run_id order by started_at desc, run_id), '[]')
        from (select run_id, started_at from retail_ops.run order by started_at desc, run_id limit 10000) as newest
    )
)
