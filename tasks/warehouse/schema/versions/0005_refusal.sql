alter table retail_ops.delivery_attempt
    add column refusal text check (refusal in ('quality_gate', 'replacement_guard')),
    add check (refusal is null or outcome = 'refused');
comment on column retail_ops.delivery_attempt.refusal is
    'What refused the delivery: quality_gate or replacement_guard; null for other outcomes, and before this column.';
