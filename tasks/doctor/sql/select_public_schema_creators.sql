select distinct case a.grantee when 0 then 'public' else a.grantee::regrole::text end as role
from pg_catalog.pg_namespace as n
cross join lateral aclexplode(coalesce(n.nspacl, acldefault('n', n.nspowner))) as a
where n.nspname = 'public' and a.privilege_type = 'CREATE' and a.grantee <> n.nspowner
order by 1
