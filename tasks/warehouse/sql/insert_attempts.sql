insert into retail_ops.delivery_attempt
    (run_id, feed, name, content_hash, outcome, quality_score, reason, refusal)
select $1, $2, name, content_hash, outcome, quality_score, reason, refusal
from unnest($3::text[], $4::text[], $5::text[], $6::numeric[], $7::text[], $8::text[])
    as new (name, content_hash, outcome, quality_score, reason, refusal)
