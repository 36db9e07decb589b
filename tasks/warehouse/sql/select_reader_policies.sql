select
    p.polrelid::regclass::text as relation,
    (select string_agg(r.oid::regrole::text, ', ' order by r.rolname) from pg_roles as r where r.oid = any (p.polroles))
        as roles
from pg_policy as p
where p.polname = 'retail_reader_reads'
order by 1
