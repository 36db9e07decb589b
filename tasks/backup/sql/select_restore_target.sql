-- What a restore must know of its target: one JSON object. $1: the backup's schemas.
with wanted as (
    select n.oid, n.nspname from pg_namespace as n where n.nspname = any ($1::text[])
),
member as (
    select d.classid, d.objid from pg_depend as d where d.deptype = 'e'
),
candidate as (
    select 'pg_class'::regclass as classid, c.oid as objid, c.relowner as owner
    from pg_class as c join wanted on wanted.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm', 'f', 'S')
    union all
    select 'pg_proc'::regclass, p.oid, p.proowner from pg_proc as p join wanted on wanted.oid = p.pronamespace
    union all
    select 'pg_type'::regclass, t.oid, t.typowner
    from pg_type as t
    join wanted on wanted.oid = t.typnamespace
    left join pg_class as c on c.oid = t.typrelid
    where t.typtype <> 'm' and (t.typrelid = 0 or c.relkind = 'c')
        and not exists (select from pg_type as e where e.typarray = t.oid)
    union all
    select 'pg_collation'::regclass, o.oid, o.collowner from pg_collation as o join wanted on wanted.oid = o.collnamespace
    union all
    select 'pg_conversion'::regclass, o.oid, o.conowner from pg_conversion as o join wanted on wanted.oid = o.connamespace
    union all
    select 'pg_operator'::regclass, o.oid, o.oprowner from pg_operator as o join wanted on wanted.oid = o.oprnamespace
    union all
    select 'pg_opclass'::regclass, o.oid, o.opcowner from pg_opclass as o join wanted on wanted.oid = o.opcnamespace
    union all
    select 'pg_opfamily'::regclass, o.oid, o.opfowner from pg_opfamily as o join wanted on wanted.oid = o.opfnamespace
    union all
    select 'pg_ts_dict'::regclass, o.oid, o.dictowner from pg_ts_dict as o join wanted on wanted.oid = o.dictnamespace
    union all
    select 'pg_ts_config'::regclass, o.oid, o.cfgowner from pg_ts_config as o join wanted on wanted.oid = o.cfgnamespace
),
object as (
    select candidate.*, i.type, i.identity
    from candidate
    cross join lateral pg_identify_object(candidate.classid, candidate.objid, 0) as i
    where not exists (
            select from member where member.classid = candidate.classid and member.objid = candidate.objid
        )
        -- What comes with another object goes with it: partitions, sequences of columns, constructors of ranges.
        and not exists (
            select from pg_depend as d
            where d.classid = candidate.classid and d.objid = candidate.objid and d.deptype in ('a', 'i', 'P', 'S')
        )
        and i.identity not in ('retail_ops.load_lock', 'retail_ops.backup_lock')
)
select jsonb_build_object(
    'database', current_database(),
    'role', current_user,
    'is_superuser', (select r.rolsuper from pg_roles as r where r.rolname = current_user),
    'major', current_setting('server_version_num')::integer / 10000,
    'can_create_schemas', has_database_privilege(current_database(), 'create'),
    'is_supabase', exists (select from pg_roles where rolname = 'supabase_admin'),
    'has_load_lock', to_regclass('retail_ops.load_lock') is not null,
    'has_backup_lock', to_regclass('retail_ops.backup_lock') is not null,
    'schemas', (
        select jsonb_object_agg(
            n.nspname,
            jsonb_build_object(
                'is_owned', pg_has_role(n.nspowner, 'usage'), 'can_create', has_schema_privilege(n.oid, 'create')
            )
        )
        from pg_namespace as n where n.nspname <> 'information_schema' and n.nspname not like 'pg\_%'
    ),
    'extensions', (
        select coalesce(
            jsonb_object_agg(
                e.extname,
                jsonb_build_object('schema', n.nspname, 'is_owned', pg_has_role(e.extowner, 'usage'))
            ),
            '{}'
        )
        from pg_extension as e join pg_namespace as n on n.oid = e.extnamespace
    ),
    'available_extensions', (select jsonb_agg(a.name) from pg_available_extensions as a),
    'publications', (
        select coalesce(jsonb_object_agg(p.pubname, pg_has_role(p.pubowner, 'usage')), '{}') from pg_publication as p
    ),
    'event_triggers', (select coalesce(jsonb_agg(e.evtname), '[]') from pg_event_trigger as e),
    'roles', (select jsonb_agg(r.rolname) from pg_roles as r),
    'assumable', (
        select coalesce(jsonb_agg(r.rolname), '[]') from pg_roles as r
        where pg_has_role(r.oid, 'usage')
            and pg_has_role(r.oid, case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end)
    ),
    'objects', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'kind', o.type, 'name', o.identity, 'is_owned', pg_has_role(o.owner, 'usage')
                )
                order by o.type, o.identity collate "C"
            ),
            '[]'
        )
        from object as o
    ),
    'large_objects', (
        select coalesce(jsonb_agg(m.oid::bigint order by m.oid), '[]') from pg_largeobject_metadata as m
        where pg_has_role(m.lomowner, 'usage')
    )
)
