-- Deliveries whose lines do not add up to what the file says itself are refused.
alter table retail_ops.delivery_attempt
    drop constraint delivery_attempt_refusal_check,
    add constraint delivery_attempt_refusal_check
    check (refusal in ('quality_gate', 'replacement_guard', 'other_feed', 'sums'));

comment on column retail_ops.delivery_attempt.refusal is
    'quality_gate, replacement_guard, other_feed or sums, whichever refused the delivery; null for other outcomes and for attempts older than this column.';
