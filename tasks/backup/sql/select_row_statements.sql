-- For every ordinary table and partition root the query that counts and hashes its rows; see fingerprints.py.
with candidate as (
    select c.oid, s.nspname, c.relname, c.relkind, c.relispartition, c.relpersistence
    from pg_class as c
    join {schemas} as s on s.oid = c.relnamespace
    where c.relkind in ('r', 'p')
        -- A standby cannot read unlogged tables, and pg_dump leaves out their rows.
        and not (c.relpersistence = 'u' and pg_is_in_recovery())
        and not exists (
            select from pg_depend as d
            where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
        )
),
leaf as (
    select c.oid as root, l.oid, n.nspname, l.relname, l.relkind
    from candidate as c
    cross join lateral pg_partition_tree(c.oid) as tree
    join pg_class as l on l.oid = tree.relid
    join pg_namespace as n on n.oid = l.relnamespace
    where c.relkind = 'p' and tree.isleaf
),
source as (
    select
        c.oid,
        case
            when c.relkind = 'r' then format('only %I.%I', c.nspname, c.relname)
            when not exists (select from leaf where leaf.root = c.oid and leaf.relkind = 'f')
                then format('%I.%I', c.nspname, c.relname)
            -- The rows of a foreign partition lie on another server, and no backup has them.
            else coalesce(
                (
                    select
                        '(' || string_agg(
                            format(
                                'select %s from only %I.%I',
                                (
                                    select coalesce(string_agg(quote_ident(a.attname), ', ' order by a.attnum), '')
                                    from pg_attribute as a
                                    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
                                ),
                                leaf.nspname, leaf.relname
                            ),
                            ' union all ' order by leaf.oid
                        ) || ')'
                    from leaf
                    where leaf.root = c.oid and leaf.relkind = 'r'
                ),
                format('(select * from %I.%I where false)', c.nspname, c.relname)
            )
        end as rows_of
    from candidate as c
),
hashed as (
    select
        c.oid,
        coalesce(
            string_agg(
                case
                    when a.atttypid in (
                        'int2'::regtype, 'int4'::regtype, 'int8'::regtype, 'bool'::regtype, 'date'::regtype,
                        'timestamp'::regtype, 'timestamptz'::regtype, 'time'::regtype, 'uuid'::regtype,
                        'bytea'::regtype, 'oid'::regtype
                    )
                    or (a.atttypid in ('text'::regtype, 'varchar'::regtype) and l.collisdeterministic)
                    or (a.atttypid = 'numeric'::regtype and a.atttypmod >= 0)
                        then format('t.%I', a.attname)
                    -- The same text as below, for common types in half the time; these functions give null for null.
                    when a.atttypid in (
                        'bpchar'::regtype, 'json'::regtype, 'jsonb'::regtype, 'numeric'::regtype, 'float4'::regtype,
                        'float8'::regtype
                    )
                        then format('textin(%s(t.%I)) collate "C"', y.typoutput, a.attname)
                    -- concat() calls the output function and casts nothing, but gives '' for null.
                    else format(
                        'case when t.%1$I is distinct from null then concat(t.%1$I) end collate "C"', a.attname
                    )
                end,
                ', ' order by a.attnum
            ) filter (where a.attname is not null),
            ''
        ) as columns
    from candidate as c
    left join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
    left join pg_type as y on y.oid = a.atttypid
    left join pg_collation as l on l.oid = a.attcollation
    group by c.oid
)
select json_build_object(
    'name', format('%I.%I', c.nspname, c.relname),
    'schema', c.nspname,
    'is_partition', c.relispartition,
    'bytes', case
        when c.relkind = 'r' then pg_relation_size(c.oid)
        else coalesce((select sum(pg_relation_size(leaf.oid)) from leaf where leaf.root = c.oid), 0)
    end,
    'query', format(
        'select json_build_array(%L::text, count(*), coalesce(sum(hashtextextended('
        'hash_record_extended(row(%s), 0)::text collate "C", 0)), 0)::text) from %s as t',
        format('%I.%I', c.nspname, c.relname), h.columns, o.rows_of
    )
)
from candidate as c
join hashed as h on h.oid = c.oid
join source as o on o.oid = c.oid
order by c.nspname collate "C", c.relname collate "C"
