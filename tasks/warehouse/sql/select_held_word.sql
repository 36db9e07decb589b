select w.word
from unnest($2::text []) as w (word)
where exists (
    select
    from retail_dwh.dim_invoice as i
    join retail_dwh.fact_sale as f using (invoice_key)
    join retail_dwh.dim_country as k using (country_key)
    where i.feed = $1 and (upper(f.description) = w.word or upper(k.country) = w.word)
)
limit 1
