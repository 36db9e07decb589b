insert into retail_ops.delivery as d (
    delivery_key, feed, name, content_hash, reading_settings, run_id, contract_version,
    rows_in, rows_loaded, rows_duplicate, rows_quarantined, quality_score
)
select
    delivery_key, $1, name, content_hash, $2, $3, $4, rows_in, rows_in - rows_quarantined, 0, rows_quarantined,
    quality_score
from unnest($5::integer[], $6::text[], $7::text[], $8::bigint[], $9::bigint[], $10::numeric[])
    as new (delivery_key, name, content_hash, rows_in, rows_quarantined, quality_score)
on conflict (feed, name) do update
set
    content_hash = excluded.content_hash,
    reading_settings = excluded.reading_settings,
    run_id = excluded.run_id,
    contract_version = excluded.contract_version,
    rows_in = excluded.rows_in,
    rows_loaded = excluded.rows_loaded,
    rows_duplicate = excluded.rows_duplicate,
    rows_quarantined = excluded.rows_quarantined,
    quality_score = excluded.quality_score,
    loaded_at = now()
