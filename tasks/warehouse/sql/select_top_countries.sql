with by_key as (
    select country_key, currency, sum(total_amount) as revenue
    from retail_dwh.fact_sale
    group by country_key, currency
)
select coalesce(k.country, 'unknown') as country, b.currency, b.revenue
from by_key as b
join retail_dwh.dim_country as k using (country_key)
order by b.revenue desc, country
limit $1
