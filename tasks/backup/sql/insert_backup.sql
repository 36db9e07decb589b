insert into retail_ops.backup (
    backup_id,
    kind,
    tables,
    vault,
    created_at,
    finished_at,
    size_bytes,
    objects,
    row_count,
    run_id,
    quality_score,
    manifest_sha256
)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
on conflict (backup_id) do nothing
