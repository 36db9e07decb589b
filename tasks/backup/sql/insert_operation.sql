insert into retail_ops.backup_operation (flow_run_id, flow, outcome, backup_id, message, report, finished_at)
values ($1, $2, $3, $4, $5, $6::jsonb, now())
on conflict (flow_run_id) do update set
    outcome = excluded.outcome,
    backup_id = excluded.backup_id,
    message = excluded.message,
    report = excluded.report,
    finished_at = excluded.finished_at
