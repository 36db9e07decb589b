-- Twice, and not kept between: the lines of all pages would be written out for the few of one.
with line as not materialized (
    select
        f.line_id,
        f.sold_at,
        f.date_key,
        f.invoice_key,
        f.product_key,
        f.customer_key,
        f.country_key,
        f.delivery_key,
        f.line_no,
        f.quantity,
        f.unit_price,
        f.total_amount,
        f.currency,
        f.description
    from retail_dwh.fact_sale as f
    where
        f.date_key between $1::integer and $2::integer
        and (
            $3::text is null
            -- Of the same feed as the invoice, and far fewer.
            or f.delivery_key in (select v.delivery_key from retail_ops.delivery as v where v.feed = $3)
        )
        and (
            $4::text is null
            or f.product_key = (select p.product_key from retail_dwh.dim_product as p where p.stock_code = upper($4))
        )
        and (
            $5::text is null
            or f.country_key = (select k.country_key from retail_dwh.dim_country as k where k.country = $5)
        )
)
select json_build_object(
    'totals', (
        select coalesce(json_agg(row_to_json(t) order by t.currency), '[]'::json)
        from (
            select l.currency, count(*) as lines, sum(l.total_amount)::text as amount
            from line as l
            group by l.currency
        ) as t
    ),
    'items', (
        select coalesce(json_agg(to_jsonb(s) - 'place' order by s.place), '[]'::json)
        from (
            select
                page.place,
                i.feed,
                i.invoice_no,
                i.invoice_type,
                page.sold_at,
                d.date as day,
                p.stock_code,
                page.description,
                trim_scale(page.quantity)::text as quantity,
                page.unit_price::text as unit_price,
                page.total_amount::text as total_amount,
                page.currency,
                c.customer_id,
                c.customer_number,
                k.country,
                v.name as delivery,
                page.line_no as line
            from (
                -- Numbered once it is sorted and cut, so that the first lines are found without sorting all of them.
                select sorted.*, row_number() over () as place
                from (
                    select l.*
                    from line as l
                    order by
                        case when $6::text = 'sold_at' then l.sold_at end,
                        case when $6 = '-sold_at' then l.sold_at end desc,
                        case when $6 = 'amount' then l.total_amount end,
                        case when $6 = '-amount' then l.total_amount end desc,
                        case when $6 = 'quantity' then l.quantity end,
                        case when $6 = '-quantity' then l.quantity end desc,
                        l.invoice_key,
                        l.line_id
                    limit $7::integer
                    offset $8::bigint
                ) as sorted
            ) as page
            join retail_dwh.dim_invoice as i using (invoice_key)
            join retail_dwh.dim_date as d using (date_key)
            join retail_dwh.dim_product as p using (product_key)
            join retail_dwh.dim_customer as c using (customer_key)
            join retail_dwh.dim_country as k using (country_key)
            join retail_ops.delivery as v using (delivery_key)
        ) as s
    )
)
