-- A year of sizes, one an hour at most, which is enough to see growth.
with old as (
    delete from retail_ops.size_history where examined_at < now() - interval '366 days'
)
insert into retail_ops.size_history (examined_at, database_bytes)
select now(), pg_database_size(current_database())
where not exists (select from retail_ops.size_history where examined_at > now() - interval '1 hour')
