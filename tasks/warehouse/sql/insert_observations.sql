-- $1 time, $2 results of the integrity checks, $3 findings on health, $4 whether the size of the database is stored too.
-- Results and findings older than 90 days go: an hourly look adds some hundred rows a day. Of sizes, a year stays.
with old_result as (
    delete from retail_ops.integrity_result where examined_at < $1::timestamptz - interval '90 days'
),
old_finding as (
    delete from retail_ops.health where examined_at < $1::timestamptz - interval '90 days'
),
old_size as (
    delete from retail_ops.size_history where $4::boolean and examined_at < now() - interval '366 days'
),
new_size as (
    insert into retail_ops.size_history (examined_at, database_bytes)
    select now(), pg_database_size(current_database())
    where $4::boolean and not exists (select from retail_ops.size_history where examined_at > now() - interval '1 hour')
),
new_finding as (
    insert into retail_ops.health (examined_at, name, status, value, value_text, unit, what)
    select $1::timestamptz, f.name, f.status, f.value, f.value_text, f.unit, f.what
    from json_to_recordset($3::json)
        as f (name text, status text, value double precision, value_text text, unit text, what text)
)
insert into retail_ops.integrity_result (examined_at, check_name, severity, violations, samples, error)
select $1::timestamptz, r.check_name, r.severity, r.violations, r.samples, r.error
from json_to_recordset($2::json)
    as r (check_name text, severity text, violations bigint, samples json, error text)
