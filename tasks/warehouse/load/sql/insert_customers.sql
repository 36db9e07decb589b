insert into retail_dwh.dim_customer (customer_key, customer_id)
select
    (select coalesce(max(customer_key), 0) from retail_dwh.dim_customer) + row_number() over (),
    n.customer_id
from (select distinct customer_id from pg_temp.receipt where customer_id is not null) as n
where not exists (select from retail_dwh.dim_customer as c where c.customer_id = n.customer_id)
union all
select 0, null
where
    exists (select from pg_temp.receipt where customer_id is null)
    and not exists (select from retail_dwh.dim_customer where customer_key = 0)
