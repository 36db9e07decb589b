-- Rows that the release before revision 0004_line_source loaded from tests/support/till_columns.py, each delivery by a
-- run of its own, without the calendar.
set client_encoding = 'UTF8';
delete from retail_dwh.dim_customer;
insert into retail_ops.feed (feed, timezone, currency, date_format, identical_lines, created_at)
values
('tills', 'Europe/London', 'GBP', NULL, 'keep', '2026-11-29 12:28:38.24307+00');
insert into retail_ops.run (run_id, started_at, finished_at, status, parameters, versions, quality_score, last_backup_id)
values
('7b81296d-3971-4b3c-82ca-daab6e01cd3c', '2026-11-29 12:28:39.505332+00', '2026-11-29 12:28:41.94396+00', 'completed', '{}', '{}', NULL, NULL),
('ae8840a6-8c9e-45bb-b967-a1069920b2cf', '2026-11-29 12:28:34.923849+00', '2026-11-29 12:28:39.333247+00', 'completed', '{}', '{}', NULL, NULL);
insert into retail_ops.delivery (delivery_key, feed, name, content_hash, reading_settings, run_id, contract_version, rows_in, rows_loaded, rows_duplicate, rows_quarantined, quality_score, loaded_at)
values
('1', 'tills', 'saturday.csv', 'b0bec8cad89545f23f72a828d98af30b099b29acf2e38ae4c9314c813ea7bfdc', '{}', 'ae8840a6-8c9e-45bb-b967-a1069920b2cf', '1', '5', '5', '0', '0', '98.00', '2026-11-29 12:28:38.24307+00'),
('2', 'tills', 'sunday.csv', 'ce7c86d23795982522434169ebea3c727bf9ef32e1cef715d7647668bdaadf81', '{}', '7b81296d-3971-4b3c-82ca-daab6e01cd3c', '1', '4', '2', '2', '0', '97.50', '2026-11-29 12:28:40.243925+00');
insert into retail_ops.delivery_attempt (attempt_id, run_id, feed, name, content_hash, outcome, quality_score, reason, attempted_at) overriding system value
values
('1', 'ae8840a6-8c9e-45bb-b967-a1069920b2cf', 'tills', 'saturday.csv', 'b0bec8cad89545f23f72a828d98af30b099b29acf2e38ae4c9314c813ea7bfdc', 'loaded', '98.00', NULL, '2026-11-29 12:28:38.24307+00'),
('2', '7b81296d-3971-4b3c-82ca-daab6e01cd3c', 'tills', 'sunday.csv', 'ce7c86d23795982522434169ebea3c727bf9ef32e1cef715d7647668bdaadf81', 'loaded', '97.50', NULL, '2026-11-29 12:28:40.243925+00');
insert into retail_ops.line_voucher (invoice_key, line_id, delivery_key, line_no)
values
('2', '5b3f9fef-6543-a8f1-6fbf-337e3afb6bc2', '2', '2'),
('2', 'dafc0a54-da4d-a4ce-a0c8-eaac4c56cfc4', '2', '1');
insert into retail_ops.quality_score (delivery_key, dimension, score, error_lines, warning_lines)
values
('1', 'completeness', '100.00', '0', '0'),
('1', 'consistency', '100.00', '0', '0'),
('1', 'timeliness', '100.00', '0', '0'),
('1', 'uniqueness', '90.00', '0', '1'),
('1', 'validity', '100.00', '0', '0'),
('2', 'completeness', '87.50', '0', '1'),
('2', 'consistency', '100.00', '0', '0'),
('2', 'timeliness', '100.00', '0', '0'),
('2', 'uniqueness', '100.00', '0', '0'),
('2', 'validity', '100.00', '0', '0');
insert into retail_dwh.dim_product (product_key, stock_code, description, is_merchandise, description_priced, description_sold_at)
values
('1', 'S1', 'Mug', 'true', 'true', '2025-01-05 11:00:00+00'),
('2', 'S2', 'Bowl', 'true', 'true', '2025-01-04 10:05:00+00'),
('3', 'POST', 'Postage', 'false', 'true', '2025-01-04 10:05:00+00'),
('4', 'S3', 'Jug', 'true', 'true', '2025-01-05 11:30:00+00');
insert into retail_dwh.dim_customer (customer_key, customer_id)
values
('0', NULL),
('1', '101'),
('2', '102'),
('3', '103');
insert into retail_dwh.dim_country (country_key, country)
values
('1', 'United Kingdom'),
('2', 'France');
insert into retail_dwh.dim_invoice (invoice_key, feed, invoice_no, invoice_type, timezone)
values
('1', 'tills', '900001', 'sale', 'Europe/London'),
('2', 'tills', '900002', 'sale', 'Europe/London'),
('3', 'tills', '900003', 'sale', 'Europe/London'),
('4', 'tills', 'C900004', 'cancellation', 'Europe/London'),
('5', 'tills', '900005', 'sale', 'Europe/London');
insert into retail_dwh.fact_sale (line_id, sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no, quantity, copy_number, unit_price, total_amount, currency, description)
values
('008c9e78-8f3b-7084-b18f-8e9e9f469c62', '2025-01-05 11:00:00+00', '20250105', '1', '1', '1', '4', '2', '3', '-1', '1', '4.0000', '-4.0000', 'GBP', 'Mug'),
('17df45c1-7512-a27f-6dc4-e7dc18042fe8', '2025-01-04 10:07:00+00', '20250104', '4', '3', '1', '3', '1', '5', '1', '1', '7.5000', '7.5000', 'GBP', 'Jug'),
('5b3f9fef-6543-a8f1-6fbf-337e3afb6bc2', '2025-01-04 10:05:00+00', '20250104', '3', '2', '2', '2', '1', '4', '1', '1', '5.0000', '5.0000', 'GBP', 'Postage'),
('85848c54-b3b7-3c58-2cb9-6ab09bf38f65', '2025-01-05 11:30:00+00', '20250105', '4', '0', '1', '5', '2', '4', '5', '1', '7.0000', '35.0000', 'GBP', 'Jug'),
('a17894a6-eb55-fb3e-e684-9c7de745f1f2', '2025-01-04 10:00:00+00', '20250104', '1', '1', '1', '1', '1', '2', '2', '2', '4.0000', '8.0000', 'GBP', 'Mug'),
('cfe5be72-7e26-526b-59f6-0ab9fe044fd5', '2025-01-04 10:00:00+00', '20250104', '1', '1', '1', '1', '1', '1', '2', '1', '4.0000', '8.0000', 'GBP', 'Mug'),
('dafc0a54-da4d-a4ce-a0c8-eaac4c56cfc4', '2025-01-04 10:05:00+00', '20250104', '2', '2', '2', '2', '1', '3', '3', '1', '3.3300', '9.9900', 'GBP', 'Bowl');
select setval('retail_ops.delivery_attempt_attempt_id_seq', (select max(attempt_id) from retail_ops.delivery_attempt))
