select
    setting::bigint as ours,
    reset_val::bigint as own
from pg_settings
where name = 'statement_timeout'
