-- 300 tables of a few rows.
do $$ begin
    execute 'create schema small';
    for number in 1..300 loop
        execute pg_catalog.format('create table small.t%s (id int primary key, name text, amount numeric(10, 2))', number);
        execute pg_catalog.format('insert into small.t%1$s select g, %1$L || g, g from pg_catalog.generate_series(1, %1$s %% 7) as g', number);
    end loop;
end $$;
