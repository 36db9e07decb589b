-- Earlier releases read NULL and nan as text. The identities of such lines stay what they were if their feed goes on so.
update retail_ops.feed as f
set missing_words = 'none'
where
    f.missing_words is null
    and exists (
        select
        from retail_dwh.fact_sale as s
        join retail_dwh.dim_invoice as i using (invoice_key)
        join retail_dwh.dim_country as k using (country_key)
        where
            i.feed = f.feed
            and (
                upper(s.description) = any (array['NA', 'NAN', 'NULL', 'N/A', '#N/A', E'\\N', 'NONE', 'NAT', '<NA>', '(NULL)', '[NULL]'])
                or upper(k.country) = any (array['NA', 'NAN', 'NULL', 'N/A', '#N/A', E'\\N', 'NONE', 'NAT', '<NA>', '(NULL)', '[NULL]'])
            )
    );
