select json_build_object(
    'server_version', current_setting('server_version'),
    'role', current_user,
    'tls', (select s.version from pg_stat_ssl as s where s.pid = pg_backend_pid()),
    'is_read_only', current_setting('transaction_read_only')::boolean,
    'is_replica', pg_is_in_recovery(),
    'connections', (select count(*) from pg_stat_activity as a where a.backend_type = 'client backend'),
    'connection_limit', current_setting('max_connections')::integer
)
