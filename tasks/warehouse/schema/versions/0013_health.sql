create table retail_ops.health (
    examined_at timestamptz not null,
    name text not null,
    status text not null check (status in ('ok', 'warning', 'critical')),
    value double precision,
    value_text text,
    unit text not null,
    what text not null,
    primary key (examined_at, name),
    check (value is null or value_text is null)
);

alter table retail_ops.health enable row level security;
create policy owner_only on retail_ops.health using (false) with check (false);

comment on table retail_ops.health is
    'Health of the warehouse, one row per check and look of the watch; kept for 90 days.';
comment on column retail_ops.health.examined_at is 'Start of the look; the same for all its checks.';
comment on column retail_ops.health.name is 'Name of the check, such as connection_time_p95.';
comment on column retail_ops.health.status is 'ok, warning or critical, by the thresholds of that time.';
comment on column retail_ops.health.value is 'What was measured, if it is a number; null if it is not known.';
comment on column retail_ops.health.value_text is 'What was measured, if it is a text such as a version.';
comment on column retail_ops.health.unit is 'Unit of the number; empty for a text.';
comment on column retail_ops.health.what is 'What was found, in words.';

-- Default privileges of the database may have given somebody something when the table was made.
do $$
declare
    quiet_role text;
begin
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role', 'retail_reader'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            execute format(
                'revoke all on retail_ops.health from %s',
                case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end
            );
        end if;
    end loop;
end
$$;
