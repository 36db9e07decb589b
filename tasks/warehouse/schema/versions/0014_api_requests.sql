-- Idempotency keys of the API. The key itself is the caller's and may say anything, so only its hash is kept.
create table retail_ops.api_request (
    endpoint text not null,
    user_name text not null,
    key_sha256 text not null,
    request_sha256 text not null,
    flow_run_id uuid,
    requested_at timestamptz not null default now(),
    primary key (endpoint, user_name, key_sha256)
);

-- A deployed run keeps no result, and a restore or a verification leaves no other record.
create table retail_ops.backup_operation (
    flow_run_id uuid primary key,
    flow text not null,
    outcome text not null check (outcome in ('completed', 'failed')),
    backup_id text,
    message text,
    report jsonb not null,
    finished_at timestamptz not null
);

alter table retail_ops.api_request enable row level security;
alter table retail_ops.backup_operation enable row level security;
create policy owner_only on retail_ops.api_request using (false) with check (false);
create policy owner_only on retail_ops.backup_operation using (false) with check (false);

comment on table retail_ops.api_request is
    'Requests to the API with an idempotency key, and the flow run that each started; kept for 7 days.';
comment on column retail_ops.api_request.endpoint is 'Method and path of the endpoint.';
comment on column retail_ops.api_request.user_name is 'User who sent the request.';
comment on column retail_ops.api_request.key_sha256 is 'SHA-256 of the idempotency key.';
comment on column retail_ops.api_request.request_sha256 is
    'SHA-256 of the parameters; the same key with others is refused.';
comment on column retail_ops.api_request.flow_run_id is
    'Flow run that the request started; null until Prefect has created it.';
comment on column retail_ops.api_request.requested_at is 'Time of the first request with this key.';
comment on table retail_ops.backup_operation is
    'Outcomes of the runs that make, verify, prove or restore backups.';
comment on column retail_ops.backup_operation.flow_run_id is 'Id of the Prefect flow run.';
comment on column retail_ops.backup_operation.flow is 'Name of the flow: retail-backup, retail-restore or retail-verify.';
comment on column retail_ops.backup_operation.outcome is 'completed or failed.';
comment on column retail_ops.backup_operation.backup_id is
    'Backup that was made, verified, proven or restored; null if the run failed before it was chosen.';
comment on column retail_ops.backup_operation.message is 'Message about a failed run; null for a completed one.';
comment on column retail_ops.backup_operation.report is
    'Report of the flow as a JSON object: the backup, the proof, the plan of a restore; empty if it failed without one.';
comment on column retail_ops.backup_operation.finished_at is 'End of the run.';

-- Default privileges of the database may have given somebody something when the tables were made.
do $$
declare
    quiet_role text;
begin
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role', 'retail_reader'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            execute format(
                'revoke all on retail_ops.api_request, retail_ops.backup_operation from %s',
                case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end
            );
        end if;
    end loop;
end
$$;
