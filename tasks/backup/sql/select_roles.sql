-- Every role, and whether the session may act as it.
select
    r.rolname,
    pg_has_role(r.oid, 'usage')
    and pg_has_role(
        r.oid, case when current_setting('server_version_num')::integer >= 160000 then 'set' else 'member' end
    ) as assumable
from pg_roles as r
