insert into retail_dwh.dim_customer (customer_key, customer_number, customer_id)
select
    (select coalesce(max(customer_key), 0) from retail_dwh.dim_customer) + row_number() over (),
    n.customer_number,
    case when n.customer_number ~ '^(0|[1-9][0-9]{0,14})$' then n.customer_number::bigint end
from (select distinct customer_number from pg_temp.receipt where customer_number is not null) as n
where not exists (select from retail_dwh.dim_customer as c where c.customer_number = n.customer_number)
union all
select 0, null, null
where
    exists (select from pg_temp.receipt where customer_number is null)
    and not exists (select from retail_dwh.dim_customer where customer_key = 0)
