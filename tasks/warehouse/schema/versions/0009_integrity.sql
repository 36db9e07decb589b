create table retail_ops.integrity_result (
    examined_at timestamptz not null,
    check_name text not null,
    severity text not null check (severity in ('error', 'warning')),
    violations bigint,
    samples json not null,
    error text,
    primary key (examined_at, check_name),
    check ((violations is null) = (error is not null))
);

alter table retail_ops.integrity_result enable row level security;
create policy owner_only on retail_ops.integrity_result using (false) with check (false);

comment on table retail_ops.integrity_result is
    'Results of the integrity checks, one row per check and time; kept for 90 days.';
comment on column retail_ops.integrity_result.examined_at is 'Start of the examination; the same for all its checks.';
comment on column retail_ops.integrity_result.check_name is 'Name of the check.';
comment on column retail_ops.integrity_result.severity is 'Severity of its violations: error or warning.';
comment on column retail_ops.integrity_result.violations is 'Number of violations; null if the check could not run.';
comment on column retail_ops.integrity_result.samples is
    'The first violations, five at most: JSON objects of columns with their values as text.';
comment on column retail_ops.integrity_result.error is 'Why the check could not run; null if it ran.';

-- Default privileges of the database may have given somebody something when the table was made.
do $$
declare
    quiet_role text;
begin
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role', 'retail_reader'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            execute format(
                'revoke all on retail_ops.integrity_result from %s',
                case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end
            );
        end if;
    end loop;
end
$$;
