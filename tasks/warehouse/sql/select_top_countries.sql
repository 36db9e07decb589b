select coalesce(k.country, 'unknown') as country, f.currency, sum(f.total_amount) as revenue
from retail_dwh.fact_sale as f
join retail_dwh.dim_country as k using (country_key)
group by k.country, f.currency
order by revenue desc, country
limit $1
