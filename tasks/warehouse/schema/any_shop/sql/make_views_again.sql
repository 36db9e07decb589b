-- Makes the views of others again, each as its owner, so that nothing of theirs runs with the rights of ours; and gives
-- all of them the grants that they had, ours too. Ours keep the options and comments that somebody gave them.
do $$
declare
    acting constant text := current_setting('role');
    v record;
    statement text;
    grantee oid;
    -- Comments that earlier releases gave, in place of which there are others now.
    released constant text[] := array[
        'sale_line.feed is ''Feed of the delivery.''',
        'sale_line.customer_id is ''Customer number; null if unknown.''',
        'daily_sales.lines is ''Lines of all types.''',
        'daily_sales.units is ''Sum of quantities, cancellations and stock movements included.''',
        'daily_sales.gross_sales is ''Amount of invoices of type sale.''',
        'daily_sales.cancellations is ''Amount of cancellations (negative).''',
        'daily_sales.revenue is ''Amount of all lines.'''
    ];
begin
    for v in select * from pg_temp.dependent_view order by depth, oid loop
        begin
            if v.owner <> current_user then
                if v.is_ours then
                    execute format('alter view %s owner to %I', v.name, v.owner);
                end if;
                perform set_config('role', v.owner, true);
            end if;
            foreach statement in array v.made_by loop
                if not v.is_ours then
                    execute statement;
                elsif
                    statement like 'comment on %'
                    and statement <> all (select 'comment on column retail_dwh.' || unnest(released))
                then
                    begin
                        execute statement;
                    exception
                        when undefined_column then null;
                    end;
                end if;
            end loop;
            if v.is_ours then
                foreach statement in array coalesce(v.reloptions, '{}') loop
                    continue when statement like 'security_invoker=%';
                    execute format(
                        'alter view %s set (%s = %L)',
                        v.name, split_part(statement, '=', 1), substr(statement, strpos(statement, '=') + 1)
                    );
                end loop;
            end if;
            -- What default privileges gave with it.
            for grantee in
                select distinct g.grantee
                from pg_class as c
                cross join lateral aclexplode(c.relacl) as g
                where c.oid = v.name::regclass
            loop
                execute format(
                    'revoke all on %s from %s',
                    v.name,
                    case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end
                );
            end loop;
            foreach statement in array v.granted_by loop
                execute statement;
            end loop;
            if v.is_populated then
                execute format('refresh materialized view %s', v.name);
            end if;
            perform set_config('role', acting, true);
        exception
            when others then
                raise exception 'the % % cannot be made again: %', v.what, v.name, sqlerrm
                using
                    errcode = 'RT009',
                    hint = format(
                        'Quantities are numeric(18,4) now. Drop it, upgrade, and make it again: %s',
                        left(v.made_by[1], 2000)
                    );
        end;
    end loop;
end
$$;

drop table pg_temp.dependent_view;
