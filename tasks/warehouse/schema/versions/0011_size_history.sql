create table retail_ops.size_history (
    examined_at timestamptz primary key,
    database_bytes bigint not null
);

alter table retail_ops.size_history enable row level security;
create policy owner_only on retail_ops.size_history using (false) with check (false);

comment on table retail_ops.size_history is
    'Size of the database over time, one row an hour at most; kept for a year.';
comment on column retail_ops.size_history.examined_at is 'Time of the measurement.';
comment on column retail_ops.size_history.database_bytes is 'Size of the whole database, in bytes.';

-- Default privileges of the database may have given somebody something when the table was made.
do $$
declare
    quiet_role text;
begin
    foreach quiet_role in array array['public', 'anon', 'authenticated', 'service_role', 'retail_reader'] loop
        if quiet_role = 'public' or exists (select from pg_roles where rolname = quiet_role) then
            execute format(
                'revoke all on retail_ops.size_history from %s',
                case quiet_role when 'public' then quiet_role else quote_ident(quiet_role) end
            );
        end if;
    end loop;
end
$$;
