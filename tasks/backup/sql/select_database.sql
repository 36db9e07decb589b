select json_build_object(
    'encoding', pg_encoding_to_char(d.encoding),
    'provider', case d.datlocprovider when 'c' then 'libc' when 'i' then 'icu' when 'b' then 'builtin' end,
    'collate', d.datcollate,
    'ctype', d.datctype,
    'locale', coalesce(to_jsonb(d) ->> 'datlocale', to_jsonb(d) ->> 'daticulocale', ''),
    'icu_rules', coalesce(to_jsonb(d) ->> 'daticurules', ''),
    'collation_version', coalesce(d.datcollversion, ''),
    'has_vault', exists (select from pg_namespace where nspname = 'vault')
        or exists (select from pg_extension where extname = 'supabase_vault'),
    'has_buckets', to_regclass('storage.objects') is not null,
    'has_cron_jobs', to_regclass('cron.job') is not null,
    'subscriptions', array(select s.subname from pg_subscription as s where s.subdbid = d.oid order by s.subname)
)
from pg_database as d
where d.datname = current_database()
