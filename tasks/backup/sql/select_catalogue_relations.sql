-- Tables, partitioned tables, views, materialized views, foreign tables, and composite types' columns.
select 'relations', format('%I.%I', s.nspname, c.relname), jsonb_build_object(
    'kind', case c.relkind
        when 'r' then 'table' when 'p' then 'partitioned table' when 'v' then 'view'
        when 'm' then 'materialized view' when 'f' then 'foreign table' when 'c' then 'composite type'
    end,
    'owner', pg_get_userbyid(c.relowner),
    'persistence', case c.relpersistence when 'u' then 'unlogged' when 'p' then 'logged' end,
    'access_method', (select m.amname from pg_am as m where m.oid = c.relam),
    'of_type', case when c.reloftype <> 0 then format_type(c.reloftype, null) end,
    'options', (select jsonb_agg(o order by o) from unnest(c.reloptions) as o),
    'rls', c.relrowsecurity,
    'force_rls', c.relforcerowsecurity,
    'replica_identity', case
        when c.relkind in ('r', 'p') then
            case c.relreplident when 'd' then 'default' when 'n' then 'nothing' when 'f' then 'full' when 'i' then 'index' end
    end,
    'partition_key', case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
    'partition_bound', case when c.relispartition then pg_get_expr(c.relpartbound, c.oid) end,
    'parents', (
        select jsonb_agg(format('%I.%I', pn.nspname, p.relname) order by i.inhseqno)
        from pg_inherits as i
        join pg_class as p on p.oid = i.inhparent
        join pg_namespace as pn on pn.oid = p.relnamespace
        where i.inhrelid = c.oid
    ),
    'server', (
        select format('%I', fs.srvname)
        from pg_foreign_table as ft join pg_foreign_server as fs on fs.oid = ft.ftserver where ft.ftrelid = c.oid
    ),
    'definition', case when c.relkind in ('v', 'm') then pg_get_viewdef(c.oid) end,
    'is_populated', case when c.relkind = 'm' then c.relispopulated end,
    'comment', obj_description(c.oid, 'pg_class'),
    'columns', (
        select jsonb_agg(
            jsonb_build_object(
                'name', a.attname,
                'type', format_type(a.atttypid, a.atttypmod),
                'collation', case when a.attcollation <> t.typcollation then a.attcollation::regcollation::text end,
                'not_null', a.attnotnull,
                'default', case when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid) end,
                'generated', case when a.attgenerated <> '' then pg_get_expr(d.adbin, d.adrelid) end,
                'generated_kind', nullif(a.attgenerated, ''),
                'identity', nullif(a.attidentity, ''),
                'storage', case when a.attstorage <> t.typstorage then a.attstorage end,
                'compression', nullif(a.attcompression, ''),
                'statistics', nullif(a.attstattarget, -1),
                -- The latest releases of some majors keep a version of the column there, which pg_dump leaves out.
                'options', (
                    select jsonb_agg(o order by o) from unnest(a.attoptions) as o where o not like 'pg\_attver=%'
                ),
                'comment', col_description(c.oid, a.attnum)
            )
            order by a.attnum
        )
        from pg_attribute as a
        join pg_type as t on t.oid = a.atttypid
        left join pg_attrdef as d on d.adrelid = a.attrelid and d.adnum = a.attnum
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    )
)
from pg_class as c
join {schemas} as s on s.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f', 'c')
    and not exists (
        select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
    -- A composite type is owned by an extension through its type.
    and not exists (
        select from pg_depend as d where d.classid = 'pg_type'::regclass and d.objid = c.reltype and d.deptype = 'e'
    )
