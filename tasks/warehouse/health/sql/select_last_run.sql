select
    clock_timestamp() as now,
    (select max(r.started_at) from retail_ops.run as r) as last_started,
    (select r.status from retail_ops.run as r order by r.started_at desc, r.run_id limit 1) as last_status,
    (select max(r.finished_at) from retail_ops.run as r where r.status = 'completed') as last_completed
