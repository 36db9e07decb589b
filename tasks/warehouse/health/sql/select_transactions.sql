-- Of other roles an ordinary role sees no times; a member of pg_monitor, as Supabase's postgres is, sees them.
select
    a.pid,
    a.usename::text as role,
    a.application_name as application,
    a.state,
    extract(epoch from clock_timestamp() - a.xact_start)::float8 as seconds
from pg_stat_activity as a
where
    a.xact_start is not null
    and a.pid <> pg_backend_pid()
    and a.datname = current_database()
    and a.backend_type = 'client backend'
order by a.xact_start
limit 5
