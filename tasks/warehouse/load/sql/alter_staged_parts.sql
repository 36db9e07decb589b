-- Lists are read once: to compress them would cost more than their bytes do.
do $$
begin
    execute (
        select 'alter table pg_temp.staged_part ' || string_agg('alter ' || attname || ' set storage external', ',')
        from pg_attribute
        where attrelid = 'pg_temp.staged_part'::regclass and attnum > 0 and attstorage = 'x'
    );
end
$$
