-- Record a run and read what it needs to know, if the schemas have the revision of this release; else only say theirs.
-- The run's session holds a lock on its id for as long as it lives. Any role can take such a lock, so that of another
-- run counts only where the role may record runs.
with head as (
    select $6::text as revision
    where (select array_agg(version_num::text) from retail_ops.schema_version) = array[$6::text]
),
lost as (
    update retail_ops.run as r
    set
        status = 'crashed',
        finished_at = now()
    from head
    where
        r.status = 'running'
        and r.run_id <> $1
        and not exists (
            select
            from pg_catalog.pg_locks as l
            join pg_catalog.pg_stat_activity as a on a.pid = l.pid
            where
                l.locktype = 'advisory'
                and l.database = (select oid from pg_catalog.pg_database where datname = current_database())
                and l.objsubid = 1
                and l.classid
                = ((hashtextextended('prefect-retail run ' || r.run_id::text, 0) >> 32) & 4294967295)::oid
                and l.objid = (hashtextextended('prefect-retail run ' || r.run_id::text, 0) & 4294967295)::oid
                and l.granted
                and has_table_privilege(a.usesysid, 'retail_ops.run', 'insert')
        )
    returning r.run_id, r.started_at
),
dead as (
    insert into retail_ops.run_end (run_id, began_at, status)
    select run_id, started_at, 'crashed'
    from lost
    on conflict do nothing
),
begun as (
    insert into retail_ops.run (run_id, started_at, status, parameters, versions, last_backup_id)
    select
        $1,
        $2,
        'running',
        $3::jsonb,
        $4::jsonb,
        (
            select b.backup_id
            from retail_ops.backup as b
            where b.kind = 'full'
            order by b.created_at desc
            limit 1
        )
    from head
    on conflict (run_id) do update
    set
        status = 'running',
        finished_at = null
    returning run_id
)
select
    (select array_agg(version_num::text order by version_num) from retail_ops.schema_version) as revisions,
    (
        select count(pg_advisory_lock_shared(hashtextextended('prefect-retail run ' || run_id::text, 0)))
        from begun
    ) as begun,
    (
        select to_jsonb(f) - 'created_at'
        from retail_ops.feed as f
        where f.feed = $5 and exists (select from retail_ops.delivery as d where d.feed = f.feed)
    ) as settings,
    (
        -- A minus before the hash: read by other settings.
        select
            jsonb_object_agg(
                d.name,
                repeat('-', (d.reading_settings <> coalesce($7, f.mapping::json ->> 0, '{}'))::int) || d.content_hash
            )
        from retail_ops.delivery as d
        join retail_ops.feed as f using (feed)
        where d.feed = $5
    ) as deliveries,
    (
        select array_agg(name)
        from retail_ops.delivery
        join retail_ops.feed using (feed)
        where
            feed = $5
            -- See take_columns.sql.
            and ($8 and coalesce(store_column, currency_column) > '' or reading_settings like '{"c%')
    ) as without_columns,
    (select array_agg(name) from retail_ops.delivery where feed = $5 and vanished_at is not null) as missing,
    (
        select jsonb_object_agg(a.name, d.content_hash)
        from retail_ops.delivery_attempt as a
        join retail_ops.delivery as d using (feed, name)
        where
            a.feed = $5
            and a.outcome in ('refused', 'failed')
            and a.attempt_id > d.attempt_id
            and not exists (
                select
                from retail_ops.delivery_attempt as l
                where l.feed = a.feed and l.name = a.name and l.attempt_id > a.attempt_id and l.outcome <> 'unfinished'
            )
    ) as refused
