do $$
begin
    if not exists (
        select from pg_catalog.pg_constraint where conrelid = 'retail_dwh.fact_sale'::regclass and contype = 'p'
    ) then
        alter table retail_dwh.fact_sale add constraint fact_sale_pkey primary key using index fact_sale_pkey;
    end if;
end
$$
