insert into retail_ops.delivery as d (
    delivery_key, feed, name, content_hash, reading_settings, run_id, contract_version,
    rows_in, rows_loaded, rows_duplicate, rows_quarantined, rows_passed_over, passed_over, quality_score, attempt_id,
    rows_peak
)
select
    p.delivery_key, q.feed, p.name, p.content_hash, q.reading_settings, q.run_id, q.contract_version,
    p.rows_in, p.lines - p.rows_quarantined - p.rows_dropped, p.rows_dropped, p.rows_quarantined,
    coalesce(p.rows_passed_over, 0), coalesce(p.passed_over, '{}'), p.quality_score, p.attempt_id, p.rows_peak
from pg_temp.load_plan as p
cross join pg_temp.load_request as q
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
    rows_passed_over = excluded.rows_passed_over,
    passed_over = excluded.passed_over,
    quality_score = excluded.quality_score,
    attempt_id = excluded.attempt_id,
    rows_peak = excluded.rows_peak,
    loaded_at = now()
