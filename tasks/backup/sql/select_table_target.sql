-- What a restore of a single table must know of its target: one JSON object.
-- $1: qualified name of the live table; null if there is none. $2: the schema. $3: qualified name of the table that is to
-- be made; null for none. $4: the types of the columns.
with recursive live as (
    select c.oid from pg_class as c where c.oid = to_regclass($1)
),
tree as (
    select live.oid from live
    union
    select t.relid::oid from live cross join lateral pg_partition_tree(live.oid) as t
),
dependent (oid) as (
    select tree.oid from tree
    union
    select r.ev_class
    from dependent as d
    join pg_depend as p
        on p.refclassid = 'pg_class'::regclass and p.refobjid = d.oid and p.classid = 'pg_rewrite'::regclass
    join pg_rewrite as r on r.oid = p.objid
),
key as (
    select k.position, a.attname, format('operator(%I.%s)', n.nspname, o.oprname) as equals
    from live
    join pg_index as x on x.indrelid = live.oid and x.indisprimary and x.indisvalid
    join pg_class as i on i.oid = x.indexrelid
    join pg_am as m on m.oid = i.relam and m.amname = 'btree'
    cross join lateral unnest(x.indkey, x.indclass) with ordinality as k (attnum, class, position)
    join pg_attribute as a on a.attrelid = live.oid and a.attnum = k.attnum
    join pg_opclass as c on c.oid = k.class
    join pg_amop as e
        on e.amopfamily = c.opcfamily and e.amoplefttype = c.opcintype and e.amoprighttype = c.opcintype
        and e.amopstrategy = 3  -- equal
    join pg_operator as o on o.oid = e.amopopr
    join pg_namespace as n on n.oid = o.oprnamespace
    where k.position <= x.indnkeyatts
),
reference as (
    select k.conname, k.confdeltype, k.confupdtype, format('%I.%I', n.nspname, c.relname) as child, (
        select jsonb_agg(
            jsonb_build_object(
                'column', f.attname, 'referenced', r.attname, 'equals', format('operator(%I.%s)', s.nspname, o.oprname)
            )
            order by p.position
        )
        from unnest(k.conkey, k.confkey, k.conpfeqop) with ordinality as p (child, referenced, operator, position)
        join pg_attribute as f on f.attrelid = k.conrelid and f.attnum = p.child
        join pg_attribute as r on r.attrelid = k.confrelid and r.attnum = p.referenced
        join pg_operator as o on o.oid = p.operator
        join pg_namespace as s on s.oid = o.oprnamespace
    ) as pairs
    from pg_constraint as k
    join pg_class as c on c.oid = k.conrelid
    join pg_namespace as n on n.oid = c.relnamespace
    where k.contype = 'f' and k.conparentid = 0
        and k.confrelid in (select tree.oid from tree) and k.conrelid not in (select tree.oid from tree)
)
select jsonb_build_object(
    'database', current_database(),
    'role', current_user,
    'major', current_setting('server_version_num')::integer / 10000,
    'bypasses_rls', (select r.rolsuper or r.rolbypassrls from pg_roles as r where r.rolname = current_user),
    'is_owner', (
        select coalesce(bool_and(pg_has_role(c.relowner, 'usage')), true)
        from tree join pg_class as c on c.oid = tree.oid
    ),
    'has_schema', to_regnamespace($2) is not null,
    'can_create', coalesce(has_schema_privilege(to_regnamespace($2)::oid, 'create'), false),
    'is_taken', to_regclass($3) is not null,
    'missing_types', (
        select coalesce(jsonb_agg(t), '[]') from unnest($4::text[]) as t where to_regtype(t) is null
    ),
    'has_load_lock', to_regclass('retail_ops.load_lock') is not null,
    'has_backup_lock', to_regclass('retail_ops.backup_lock') is not null,
    'key', (
        select coalesce(
            jsonb_agg(jsonb_build_object('column', key.attname, 'equals', key.equals) order by key.position), '[]'
        )
        from key
    ),
    'has_other_keys', exists (
        select from pg_index as x
        where x.indrelid in (select tree.oid from tree) and (x.indisunique or x.indisexclusion) and not x.indisprimary
    ),
    'references', (
        select coalesce(
            jsonb_agg(
                jsonb_build_object(
                    'name', r.conname, 'table', r.child, 'on_delete', r.confdeltype, 'on_update', r.confupdtype,
                    'pairs', r.pairs
                )
                order by r.child, r.conname
            ),
            '[]'
        )
        from reference as r
    ),
    'materialized_views', (
        select coalesce(jsonb_agg(format('%I.%I', n.nspname, c.relname) order by n.nspname, c.relname), '[]')
        from dependent as d
        join pg_class as c on c.oid = d.oid and c.relkind = 'm' and c.relispopulated
        join pg_namespace as n on n.oid = c.relnamespace
    ),
    'roles', (select jsonb_agg(r.rolname) from pg_roles as r),
    'assumable', (
        select coalesce(jsonb_agg(r.rolname), '[]') from pg_roles as r
        where pg_has_role(r.oid, 'usage')
            and pg_has_role(r.oid, case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end)
    )
)
