"""What Supabase's database linter would report on our schemas, by statements of our own.

Nothing is expected but ``unused_index`` on the indexes of foreign keys, which ``tasks.warehouse.statistics`` lists.
"""

from __future__ import annotations

from tasks.postgres.queries import inlined

_OURS = "('retail_dwh'::regnamespace, 'retail_ops'::regnamespace)"
# By lint: a query of the names of the objects that violate it.
LINTS: dict[str, str] = {
    "foreign key without an index": f"""
        select format('%s.%s', conrelid::regclass, conname) from pg_constraint f
        where contype = 'f' and connamespace in {_OURS} and not exists (
            select from pg_index i where i.indrelid = f.conrelid and i.indisvalid
                and (string_to_array(i.indkey::text, ' ')::smallint[])[1:cardinality(f.conkey)] = f.conkey)
    """,
    "table without a primary key": f"""
        select c.oid::regclass::text from pg_class c where relkind = 'r' and relnamespace in {_OURS}
            and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)
    """,
    "table without row level security": f"""
        select oid::regclass::text from pg_class
        where relkind in ('r', 'p') and relnamespace in {_OURS} and not relrowsecurity
    """,
    "row level security without a policy": f"""
        select c.oid::regclass::text from pg_class c where relkind = 'r' and relnamespace in {_OURS}
            and relrowsecurity and not exists (select from pg_policy p where p.polrelid = c.oid)
    """,
    "several permissive policies for one command": f"""
        select p.polrelid::regclass::text from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace in {_OURS} and p.polpermissive group by p.polrelid having count(*) > 1
    """,
    "policy that lets every role write": f"""
        select p.polrelid::regclass::text from pg_policy p join pg_class c on c.oid = p.polrelid
        where c.relnamespace in {_OURS} and p.polcmd <> 'r' and (
            pg_get_expr(p.polqual, p.polrelid) is distinct from 'false'
            or pg_get_expr(p.polwithcheck, p.polrelid) is distinct from 'false')
    """,
    "view with its owner's rights": f"""
        select oid::regclass::text from pg_class where relkind in ('v', 'm') and relnamespace in {_OURS}
            and not coalesce(reloptions, '{{}}') && array['security_invoker=true', 'security_invoker=on']
    """,
    "function with a changeable search_path": f"""
        select oid::regprocedure::text from pg_proc where pronamespace in {_OURS}
            and not coalesce(proconfig, '{{}}')::text ~ 'search_path='
    """,
    "identical indexes": f"""
        select min(indexrelid::regclass::text) from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relnamespace in {_OURS}
        group by indrelid, indkey::text, indclass::text, coalesce(indpred::text, '') having count(*) > 1
    """,
    "invalid index": f"""
        select indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relnamespace in {_OURS} and not indisvalid
    """,
    "index without a key": f"""
        select indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
        where c.relnamespace in {_OURS} and not indisunique and not exists (
            select from pg_constraint f where f.conrelid = i.indrelid and f.contype = 'f'
                and f.conkey = string_to_array(i.indkey::text, ' ')::smallint[])
    """,
    "object in public": """
        select oid::regclass::text from pg_class where relnamespace = 'public'::regnamespace
    """,
}


def lint_query() -> str:
    """Return a query of all violations as one JSON object: names of objects by lint, those without any left out."""
    parts = " union all ".join(
        f"select {inlined('$1', lint)} as lint, name from ({query}) as violation (name)"
        for lint, query in LINTS.items()
    )
    return (
        "select coalesce(json_object_agg(lint, names), '{}'::json) from ("
        f"select lint, json_agg(name order by name) as names from ({parts}) as every group by lint) as violated"
    )
