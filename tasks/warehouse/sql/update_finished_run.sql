update retail_ops.run
set
    finished_at = now(),
    status = $2,
    quality_score = $3,
    degraded = cardinality($4::text[]) > 0,
    degraded_reasons = $4::text[]
where run_id = $1
