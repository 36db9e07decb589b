select
    (select count(*) from pg_stat_replication) as standbys,
    count(*) as slots,
    max(
        pg_wal_lsn_diff(
            case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end,
            s.restart_lsn
        )
    )::float8 / 1048576 as retained_mb,
    coalesce(array_agg(s.slot_name::text order by s.slot_name) filter (where not s.active), '{}') as inactive
from pg_replication_slots as s
