-- Before anything is touched: names what depends on the quantities, on views that show them, or on the key that
-- dim_customer loses, and could not be there again afterwards.
do $$
declare
    found text[];
begin
    with fact_column as (
        select attrelid, attnum
        from pg_attribute
        where attrelid = 'retail_dwh.fact_sale'::regclass and attname = 'quantity'
    ),
    on_view as (
        select d.classid, d.objid, d.objsubid, d.deptype, v.name as needed, v.oid as view
        from pg_temp.dependent_view as v
        join pg_class as c on c.oid = v.oid
        join pg_type as t on t.oid = c.reltype
        join pg_depend as d
            on (d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid)
            or (d.refclassid = 'pg_type'::regclass and d.refobjid in (t.oid, t.typarray))
    ),
    on_column as (
        select d.classid, d.objid, d.objsubid, d.deptype, 'fact_sale.quantity' as needed
        from fact_column as f
        join pg_depend as d
            on d.refclassid = 'pg_class'::regclass and d.refobjid = f.attrelid and d.refobjsubid = f.attnum
        where
            d.classid not in ('pg_class'::regclass, 'pg_constraint'::regclass, 'pg_statistic_ext'::regclass)
            and not exists (
                select
                from pg_attrdef as a
                where d.classid = 'pg_attrdef'::regclass and a.oid = d.objid and a.adnum = f.attnum
            )
    ),
    on_key as (
        select d.classid, d.objid, d.objsubid, d.deptype, 'the unique key of dim_customer.customer_id' as needed
        from pg_constraint as k
        join pg_depend as d
            on (d.refclassid = 'pg_constraint'::regclass and d.refobjid = k.oid)
            or (d.refclassid = 'pg_class'::regclass and d.refobjid = k.conindid)
        where
            k.conrelid = 'retail_dwh.dim_customer'::regclass
            and k.conname = 'dim_customer_customer_id_key'
            and d.deptype <> 'i'
    ),
    needing as (
        select classid, objid, objsubid, needed
        from on_view as d
        where
            not (d.deptype = 'i' and d.classid in ('pg_class'::regclass, 'pg_type'::regclass))
            -- Of a view, columns of the row type of another.
            and not exists (
                select from pg_temp.dependent_view as v where d.classid = 'pg_class'::regclass and v.oid = d.objid
            )
            and not exists (
                select
                from pg_index as i
                where d.classid = 'pg_class'::regclass and i.indexrelid = d.objid and i.indrelid = d.view
            )
        union
        select classid, objid, objsubid, needed
        from on_column
        union
        select classid, objid, objsubid, needed
        from on_key
    ),
    reason (text) as (
        select format('%s needs %s', pg_describe_object(n.classid, n.objid, n.objsubid), n.needed)
        from needing as n
        where not exists (
            select
            from pg_rewrite as r
            join pg_temp.dependent_view as v on v.oid = r.ev_class
            where n.classid = 'pg_rewrite'::regclass and r.oid = n.objid and r.rulename = '_RETURN'
        )
        union all
        select format('the %s %s belongs to %s, for whom %s cannot act', v.what, v.name, v.owner, session_user)
        from pg_temp.dependent_view as v
        where
            not pg_has_role(
                session_user,
                v.relowner,
                case when current_setting('server_version_num')::integer >= 160000 then 'SET' else 'MEMBER' end
            )
        union all
        select format('the %s %s belongs to %s, who may no longer create anything in its schema', v.what, v.name, v.owner)
        from pg_temp.dependent_view as v
        where not has_schema_privilege(v.relowner, v.relnamespace, 'create')
        union all
        select distinct format('%s was granted by %s, not by its owner', v.name, pg_get_userbyid(g.grantor))
        from pg_temp.dependent_view as v
        join pg_class as c on c.oid = v.oid
        cross join lateral (
            select acl.grantor
            from aclexplode(c.relacl) as acl
            union all
            select acl.grantor
            from pg_attribute as a
            cross join lateral aclexplode(a.attacl) as acl
            where a.attrelid = c.oid
        ) as g
        where g.grantor <> c.relowner
        union all
        select format('%s belongs to an extension', v.name)
        from pg_temp.dependent_view as v
        where exists (
            select
            from pg_depend as d
            where d.classid = 'pg_class'::regclass and d.objid = v.oid and d.deptype in ('e', 'x')
        )
        union all
        -- Else they would be lost if a later statement failed.
        select format('%s would be made again in another transaction: run all statements in one', v.name)
        from pg_temp.dependent_view as v
        join pg_class as c on c.oid = 'pg_temp.dependent_view'::regclass
        where not v.is_ours and c.xmin::text <> (pg_current_xact_id()::text::bigint & 4294967295)::text
        union all
        select format('%s has a security label', v.name)
        from pg_temp.dependent_view as v
        where exists (select from pg_seclabel as l where l.classoid = 'pg_class'::regclass and l.objoid = v.oid)
    )
    select array_agg(distinct text)
    into found
    from reason;
    if found is not null then
        raise exception 'what others built on the quantities cannot be kept: %', array_to_string(found, '; ')
        using
            errcode = 'RT007',
            detail = to_json(found)::text,
            hint = 'Drop what is named, upgrade, and make it again.';
    end if;
end
$$;
