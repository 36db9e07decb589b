alter table retail_ops.run
    drop constraint run_status_check,
    add constraint run_status_check
        check (status in ('running', 'completed', 'failed', 'cancelled', 'crashed', 'timed_out')),
    add column degraded boolean not null default false,
    add column degraded_reasons text[] not null default '{}';
comment on column retail_ops.run.finished_at is
    'When it ended; null while it runs. For a run that died: when its hook or the next run closed it.';
comment on column retail_ops.run.status is
    'running, completed, failed, cancelled, crashed (its process died) or timed_out.';
comment on column retail_ops.run.degraded is 'Whether the run completed with less than it should; see degraded_reasons.';
comment on column retail_ops.run.degraded_reasons is 'What is missing after the run, and what adds it; empty if nothing.';
