-- Drops the views and takes the locks of the tables, all or nothing, in tries that readers do not notice: who waits for
-- such a lock blocks new readers. Views come before what they read, as readers take their locks in that order.
do $$
declare
    given constant text := current_setting('lock_timeout');
    acting constant text := current_setting('role');
    longest constant integer := (select nullif(setting, '0')::integer from pg_settings where name = 'lock_timeout');
    deadline constant timestamptz := clock_timestamp() + coalesce(longest, 60000) * interval '1 millisecond';
    try_ends timestamptz;
    place integer;
    statements text[];
    owners text[];
begin
    select
        array_agg(format('drop %s %s', what, name) order by depth desc, oid),
        array_agg(case when owner = current_user then acting else owner end order by depth desc, oid)
    into statements, owners
    from pg_temp.dependent_view;
    -- Sets what is set: it locks the view alone, where LOCK would lock all that it reads.
    statements := statements || array[
        'alter view retail_dwh.monthly_revenue_by_country set (security_invoker = true)',
        'alter view retail_dwh.customer_rfm set (security_invoker = true)',
        'lock table retail_dwh.fact_sale in access exclusive mode',
        'lock table retail_dwh.dim_customer in access exclusive mode',
        'lock table retail_ops.line_source in access exclusive mode',
        'lock table retail_ops.feed in access exclusive mode'
    ];
    owners := owners || array_fill(acting, array[6]);
    loop
        begin
            try_ends := clock_timestamp() + interval '80 milliseconds';
            for place in 1 .. cardinality(statements) loop
                perform set_config(
                    'lock_timeout',
                    greatest(1, ceil(extract(epoch from try_ends - clock_timestamp()) * 1000))::text,
                    true
                );
                perform set_config('role', owners[place], true);
                execute statements[place];
            end loop;
            exit;
        exception
            when lock_not_available or deadlock_detected then
                if clock_timestamp() + interval '1 second' > deadline then
                    raise exception 'readers of the sales left no moment for their tables to be locked'
                    using errcode = 'RT008', hint = 'Upgrade when nobody reads them for long.';
                end if;
        end;
        perform pg_sleep(1);
    end loop;
    perform set_config('role', acting, true);
    perform set_config('lock_timeout', given, true);
end
$$;
