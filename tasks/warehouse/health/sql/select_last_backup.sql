select
    clock_timestamp() as now,
    (select max(b.created_at) from retail_ops.backup as b where b.kind = 'full') as last_backup,
    (select max(p.proved_at) from retail_ops.backup_proof as p where p.outcome = 'passed') as last_proof
