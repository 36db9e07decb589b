-- $1: the role that gets every large object that this session's role owns, but those in $2.
do $body$
declare
    number oid;
begin
    for number in
        select m.oid from pg_largeobject_metadata as m
        where m.lomowner = (select r.oid from pg_roles as r where r.rolname = current_user)
            and m.oid::bigint <> all ($2::bigint[])
    loop
        execute format('alter large object %s owner to %I', number, $1);
    end loop;
end $body$
