-- What all runs used and cost, and what the last one used whose own process recorded its end.
with used as (
    select
        sum(seconds) as seconds,
        sum(cpu_seconds) as cpu_seconds,
        sum(bytes_read) as bytes_read,
        sum(bytes_written) as bytes_written,
        sum(connections) as connections,
        sum(turns) as turns,
        sum(bytes_sent) as bytes_sent,
        sum(bytes_received) as bytes_received
    from retail_ops.run_end
),
last as (
    select *
    from retail_ops.run_end
    where seconds is not null
    order by ended_at desc, run_id
    limit 1
)
select coalesce(json_agg(json_build_array(u.metric, u.labels, u.value)), '[]'::json)
from (
    select v.metric, '[]'::json as labels, v.value::numeric as value
    from used
    cross join lateral (
        values
            ('retail_run_seconds_total', seconds::numeric),
            ('retail_run_cpu_seconds_total', cpu_seconds::numeric),
            ('retail_run_read_bytes_total', bytes_read),
            ('retail_run_written_bytes_total', bytes_written),
            ('retail_run_connections_total', connections),
            ('retail_run_turns_total', turns),
            ('retail_run_sent_bytes_total', bytes_sent),
            ('retail_run_received_bytes_total', bytes_received)
    ) as v (metric, value)
    union all
    select v.metric, '[]'::json, v.value
    from last
    cross join lateral (
        values
            ('retail_last_run_duration_seconds', seconds::numeric),
            ('retail_last_run_cpu_seconds', cpu_seconds::numeric),
            ('retail_last_run_peak_memory_bytes', peak_memory_bytes::numeric)
    ) as v (metric, value)
    union all
    (
        select v.metric, json_build_array(s.stage), v.value
        from (
            select stage, sum(seconds) as seconds, sum(cpu_seconds) as cpu_seconds, sum(rows) as lines
            from retail_ops.run_stage
            group by stage
        ) as s
        cross join lateral (
            values
                ('retail_stage_seconds_total', s.seconds::numeric),
                ('retail_stage_cpu_seconds_total', s.cpu_seconds::numeric),
                ('retail_stage_lines_total', s.lines)
        ) as v (metric, value)
    )
    union all
    (
        select 'retail_cost_total', json_build_array(e.currency, v.kind), sum(v.cost)
        from retail_ops.run_end as e
        cross join lateral (values ('cpu', e.cpu_cost), ('traffic', e.traffic_cost)) as v (kind, cost)
        where e.currency is not null
        group by e.currency, v.kind
    )
    union all
    (
        select c.metric, c.labels, c.value
        from (
            select currency, storage_cost_per_month, cost_ratio
            from retail_ops.run_cost
            order by ended_at desc, run_id
            limit 1
        ) as l
        cross join lateral (
            values
                ('retail_storage_cost_per_month', json_build_array(l.currency), l.storage_cost_per_month),
                ('retail_last_run_cost_ratio', '[]'::json, l.cost_ratio)
        ) as c (metric, labels, value)
        where c.value is not null
    )
) as u
