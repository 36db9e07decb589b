-- pg_stat_database counts the sessions of all roles; pg_stat_activity shows an ordinary role only its own.
-- A limit of -1 means no limit: the server's limit applies.
select
    current_user as role,
    d.datname as database,
    current_setting('max_connections')::int as of_server,
    current_setting('superuser_reserved_connections')::int
        + coalesce(current_setting('reserved_connections', true), '0')::int as reserved,
    (select sum(numbackends) from pg_stat_database)::int as used_of_server,
    case when d.datconnlimit < 0 then current_setting('max_connections')::int else d.datconnlimit end as of_database,
    s.numbackends as used_of_database,
    case when r.rolconnlimit < 0 then current_setting('max_connections')::int else r.rolconnlimit end as of_role,
    (select count(*) from pg_stat_activity as a where a.usename = current_user)::int as used_of_role
from pg_database as d
join pg_stat_database as s on s.datid = d.oid
join pg_roles as r on r.rolname = current_user
where d.datname = current_database()
