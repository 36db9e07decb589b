-- The views and materialized views that show fact_sale.quantity, at any depth, and what makes each again. The type of the
-- column cannot change while they are there. Kept past a commit: another tool may run the statements one by one.
create temporary table dependent_view as
with recursive shown (view, depth) as (
    select r.ev_class, 1
    from pg_attribute as a
    join pg_depend as d
        on d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
    join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    where a.attrelid = 'retail_dwh.fact_sale'::regclass and a.attname = 'quantity' and r.rulename = '_RETURN'
    union
    select r.ev_class, s.depth + 1
    from shown as s
    join pg_class as c on c.oid = s.view
    join pg_type as t on t.oid = c.reltype
    join pg_depend as d
        on (d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid)
        or (d.refclassid = 'pg_type'::regclass and d.refobjid in (t.oid, t.typarray))
    join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
    where r.ev_class <> s.view and r.rulename = '_RETURN'
),
dependent as (
    select
        c.oid,
        c.relnamespace,
        c.relowner,
        c.relacl,
        c.reloptions,
        c.reltoastrelid,
        c.relam,
        c.reltablespace,
        c.relispopulated,
        max(s.depth) as depth,
        format('%I.%I', n.nspname, c.relname) as name,
        case c.relkind when 'm' then 'materialized view' else 'view' end as what,
        n.nspname = 'retail_dwh' and c.relname in ('sale_line', 'daily_sales') as is_ours
    from shown as s
    join pg_class as c on c.oid = s.view
    join pg_namespace as n on n.oid = c.relnamespace
    group by c.oid, n.nspname
)
select
    v.oid,
    v.depth,
    v.name,
    v.what,
    v.is_ours,
    v.relnamespace,
    v.relowner,
    v.reloptions,
    pg_get_userbyid(v.relowner) as owner,
    v.what = 'materialized view' and v.relispopulated as is_populated,
    array[
        format(
            'create %s %s%s%s%s as %s%s',
            v.what,
            v.name,
            (select format(' using %I', m.amname) from pg_am as m where m.oid = v.relam),
            (
                select format(' with (%s)', string_agg(format('%s = %L', split_part(o, '=', 1), substr(o, strpos(o, '=') + 1)), ', '))
                from (
                    select unnest(v.reloptions)
                    union all
                    select 'toast.' || unnest(t.reloptions)
                    from pg_class as t
                    where t.oid = v.reltoastrelid
                ) as options (o)
                having count(*) > 0
            ),
            (select format(' tablespace %I', s.spcname) from pg_tablespace as s where s.oid = v.reltablespace),
            rtrim(pg_get_viewdef(v.oid), ';'),
            case v.what when 'materialized view' then ' with no data' end
        )
    ]
    || array(
        select made.statement
        from pg_index as i
        join pg_class as c on c.oid = i.indexrelid
        join pg_namespace as n on n.oid = c.relnamespace
        cross join lateral (values (format('%I.%I', n.nspname, c.relname))) as index (name)
        cross join lateral (
            values
                (1, pg_get_indexdef(c.oid)),
                (2, (select format('alter index %s set tablespace %I', index.name, s.spcname) from pg_tablespace as s where s.oid = c.reltablespace)),
                (3, format('comment on index %s is %L', index.name, obj_description(c.oid, 'pg_class'))),
                (4, case when i.indisclustered then format('alter materialized view %s cluster on %I', v.name, c.relname) end)
        ) as made (place, statement)
        where i.indrelid = v.oid and made.statement is not null
        order by c.oid, made.place
    )
    || array(
        select format('comment on %s %s is %L', v.what, v.name, d.description)
        from pg_description as d
        where d.classoid = 'pg_class'::regclass and d.objoid = v.oid and d.objsubid = 0
    )
    || array(
        select made.statement
        from pg_attribute as a
        cross join lateral (
            values
                (format('comment on column %s.%I is %L', v.name, a.attname, col_description(v.oid, a.attnum))),
                (
                    case when a.attstattarget >= 0 then
                        format('alter materialized view %s alter column %I set statistics %s', v.name, a.attname, a.attstattarget)
                    end
                )
        ) as made (statement)
        where a.attrelid = v.oid and a.attnum > 0 and not a.attisdropped and made.statement is not null
            and made.statement not like '% is NULL'
        order by a.attnum
    ) as made_by,
    array(
        select format(
            'grant %s on %s to %s%s',
            string_agg(g.privilege_type, ', '),
            v.name,
            case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
            case when g.is_grantable then ' with grant option' end
        )
        from aclexplode(coalesce(v.relacl, acldefault('r', v.relowner))) as g
        group by g.grantee, g.is_grantable
    )
    || array(
        select format(
            'grant %s (%I) on %s to %s%s',
            g.privilege_type,
            a.attname,
            v.name,
            case g.grantee when 0 then 'public' else quote_ident(pg_get_userbyid(g.grantee)) end,
            case when g.is_grantable then ' with grant option' end
        )
        from pg_attribute as a
        cross join lateral aclexplode(a.attacl) as g
        where a.attrelid = v.oid and a.attnum > 0 and not a.attisdropped
    ) as granted_by
from dependent as v;
