do $$
begin
    if
        exists (select from retail_dwh.dim_invoice where invoice_no ~ $1)
        or exists (select from retail_dwh.dim_product where stock_code ~ $1)
    then
        raise exception 'codes with invisible characters or .0 are to be brought along, which no script can do'
        using hint = 'Run the new release on this database once (retail etl): it upgrades the schema. Then mark this '
        'migration as applied: supabase migration repair --status applied VERSION';
    end if;
end
$$
