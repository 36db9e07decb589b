alter table retail_dwh.dim_customer add column customer_number text;
update retail_dwh.dim_customer set customer_number = customer_id::text;
alter table retail_dwh.dim_customer
    drop constraint dim_customer_customer_id_key,
    add unique nulls not distinct (customer_number);

do $$
declare
    v record;
    statements text[] := '{}';
    s text;
begin
    for v in
        select c.oid, c.relname, pg_catalog.pg_get_viewdef(c.oid) as definition
        from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        where n.nspname = 'retail_dwh' and c.relkind = 'v'
    loop
        statements := statements || format(
            'create view retail_dwh.%I with (security_invoker = true) as %s', v.relname, v.definition
        );
        statements := statements || format('grant select on retail_dwh.%I to retail_reader', v.relname);
        select statements || pg_catalog.array_agg(case
            when d.objsubid = 0 then format('comment on view retail_dwh.%I is %L', v.relname, d.description)
            else format('comment on column retail_dwh.%I.%I is %L', v.relname, a.attname, d.description)
        end)
        into statements
        from pg_catalog.pg_description as d
        left join pg_catalog.pg_attribute as a on a.attrelid = d.objoid and a.attnum = d.objsubid and d.objsubid > 0
        where d.objoid = v.oid and d.classoid = 'pg_catalog.pg_class'::regclass;
        execute format('drop view retail_dwh.%I', v.relname);
    end loop;
    alter table retail_dwh.fact_sale alter column quantity type numeric(18, 4);
    foreach s in array statements loop
        execute s;
    end loop;
end
$$;

alter table retail_dwh.fact_sale
    add column kind text not null default 'sale' check (
        kind in ('sale', 'return', 'discount', 'shipping', 'tip', 'deposit', 'gift_card', 'fee')
    ),
    add column is_merchandise boolean not null default true,
    add column store text,
    add column source_line text,
    add column discount_amount numeric(18, 4),
    add column tax_amount numeric(18, 4),
    add column cost_amount numeric(18, 4),
    add column attributes jsonb,
    add column invoice_attributes jsonb;
update retail_dwh.fact_sale as f
set kind = 'return'
from retail_dwh.dim_invoice as i
where i.invoice_key = f.invoice_key and i.invoice_type = 'cancellation';
update retail_dwh.fact_sale as f
set is_merchandise = false
from retail_dwh.dim_product as p
where p.product_key = f.product_key and not p.is_merchandise;
alter table retail_ops.line_source
    add column discount_amount numeric(18, 4),
    add column tax_amount numeric(18, 4),
    add column cost_amount numeric(18, 4),
    add column attributes jsonb,
    add column invoice_attributes jsonb;
alter table retail_ops.feed
    add column customers text check (customers in ('codes', 'numbers')),
    add column store_column text check (store_column = 'passed over');
