-- Makes the views of others again, each as its owner, so that nothing of theirs runs with the rights of ours; and gives
-- all of them the grants that they had, ours too.
do $$
declare
    acting constant text := current_setting('role');
    v record;
    statement text;
    grantee oid;
begin
    for v in select * from pg_temp.dependent_view order by depth, oid loop
        begin
            if v.owner <> current_user then
                if v.is_ours then
                    execute format('alter view %s owner to %I', v.name, v.owner);
                end if;
                perform set_config('role', v.owner, true);
            end if;
            if not v.is_ours then
                foreach statement in array v.made_by loop
                    execute statement;
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
