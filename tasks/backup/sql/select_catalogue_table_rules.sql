-- Policies, triggers, rewrite rules and statistics objects of tables.
with owned as (
    select c.oid, format('%I.%I', s.nspname, c.relname) as name
    from pg_class as c
    join {schemas} as s on s.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'v', 'm', 'f') and not exists (
        select from pg_depend as d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
)
select 'policies', format('%s %I', c.name, p.polname), jsonb_build_object(
    'on', c.name,
    'name', p.polname,
    'command', case p.polcmd
        when 'r' then 'SELECT' when 'a' then 'INSERT' when 'w' then 'UPDATE' when 'd' then 'DELETE' else 'ALL'
    end,
    'permissive', p.polpermissive,
    'roles', (
        select jsonb_agg(coalesce(r.rolname, 'public') order by r.rolname)
        from unnest(p.polroles) as role left join pg_roles as r on r.oid = role
    ),
    'using', pg_get_expr(p.polqual, p.polrelid),
    'check', pg_get_expr(p.polwithcheck, p.polrelid),
    'comment', obj_description(p.oid, 'pg_policy')
)
from pg_policy as p join owned as c on c.oid = p.polrelid
union all
select 'triggers', format('%s %I', c.name, t.tgname), jsonb_build_object(
    'on', c.name,
    'name', t.tgname,
    'enabled', case t.tgenabled
        when 'O' then 'enabled' when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always'
    end,
    'function', (
        select format('%I.%I()', fn.nspname, f.proname)
        from pg_proc as f join pg_namespace as fn on fn.oid = f.pronamespace where f.oid = t.tgfoid
    ),
    'definition', pg_get_triggerdef(t.oid),
    'comment', obj_description(t.oid, 'pg_trigger')
)
from pg_trigger as t join owned as c on c.oid = t.tgrelid
where not t.tgisinternal
union all
select 'rules', format('%s %I', c.name, r.rulename), jsonb_build_object(
    'on', c.name,
    'name', r.rulename,
    'enabled', case r.ev_enabled
        when 'O' then 'enabled' when 'D' then 'disabled' when 'R' then 'replica' when 'A' then 'always'
    end,
    'definition', pg_get_ruledef(r.oid),
    'comment', obj_description(r.oid, 'pg_rewrite')
)
from pg_rewrite as r join owned as c on c.oid = r.ev_class
where r.rulename <> '_RETURN'
union all
select 'statistics', format('%I.%I', n.nspname, e.stxname), jsonb_build_object(
    'on', c.name,
    'owner', pg_get_userbyid(e.stxowner),
    'definition', pg_get_statisticsobjdef(e.oid),
    'target', nullif(e.stxstattarget, -1),
    'comment', obj_description(e.oid, 'pg_statistic_ext')
)
from pg_statistic_ext as e
join owned as c on c.oid = e.stxrelid
join pg_namespace as n on n.oid = e.stxnamespace
