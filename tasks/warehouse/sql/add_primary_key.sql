-- Unless a load, a backup or a reader is in the way.
do $$
begin
    if not exists (
        select from pg_catalog.pg_constraint where conrelid = 'retail_dwh.fact_sale'::regclass and contype = 'p'
    ) then
        lock table retail_ops.load_lock in share row exclusive mode nowait;
        lock table retail_ops.backup_lock in access exclusive mode nowait;
        perform set_config('lock_timeout', '{milliseconds}ms', true);
        alter table retail_dwh.fact_sale add constraint fact_sale_pkey primary key using index fact_sale_pkey;
    end if;
exception
    when lock_not_available then null;
end
$$
