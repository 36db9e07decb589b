-- Rows that the release at revision 0022_decimal_of_loaded_feeds loaded from tests/support/till_columns.py, each delivery
-- by a run of its own, without the calendar.
set client_encoding = 'UTF8';
delete from retail_dwh.dim_customer;
insert into retail_ops.feed (feed, timezone, currency, identical_lines, created_at, vanished)
values
('tills', 'Europe/London', 'GBP', 'keep', '2026-11-29 13:26:49.011808+00', 'report');
insert into retail_ops.run (run_id, started_at, finished_at, status, parameters, versions, degraded, degraded_reasons)
values
('3df1e8d1-1d1f-4abc-8750-16da7f40f2b7', '2026-11-29 13:26:49.500286+00', '2026-11-29 13:26:49.940132+00', 'completed', '{}', '{}', 'false', '{}'),
('dee7851e-e27f-4ae9-b425-3597cf6d834a', '2026-11-29 13:26:48.146632+00', '2026-11-29 13:26:49.482719+00', 'completed', '{}', '{}', 'false', '{}');
insert into retail_ops.delivery_attempt (attempt_id, run_id, feed, name, content_hash, outcome, quality_score, attempted_at, rows_in, rows_loaded, rows_duplicate, rows_quarantined, contract_version) overriding system value
values
('1', 'dee7851e-e27f-4ae9-b425-3597cf6d834a', 'tills', 'saturday.csv', 'b0bec8cad89545f23f72a828d98af30b099b29acf2e38ae4c9314c813ea7bfdc', 'loaded', '98.00', '2026-11-29 13:26:49.011808+00', '5', '5', '0', '0', '3'),
('2', '3df1e8d1-1d1f-4abc-8750-16da7f40f2b7', 'tills', 'sunday.csv', 'ce7c86d23795982522434169ebea3c727bf9ef32e1cef715d7647668bdaadf81', 'loaded', '97.50', '2026-11-29 13:26:49.688586+00', '4', '2', '2', '0', '3');
insert into retail_ops.delivery (delivery_key, feed, name, content_hash, reading_settings, run_id, contract_version, rows_in, rows_loaded, rows_duplicate, rows_quarantined, quality_score, loaded_at, attempt_id, rows_peak)
values
('1', 'tills', 'saturday.csv', 'b0bec8cad89545f23f72a828d98af30b099b29acf2e38ae4c9314c813ea7bfdc', '{}', 'dee7851e-e27f-4ae9-b425-3597cf6d834a', '3', '5', '5', '0', '0', '98.00', '2026-11-29 13:26:49.011808+00', '1', '5'),
('2', 'tills', 'sunday.csv', 'ce7c86d23795982522434169ebea3c727bf9ef32e1cef715d7647668bdaadf81', '{}', '3df1e8d1-1d1f-4abc-8750-16da7f40f2b7', '3', '4', '2', '2', '0', '97.50', '2026-11-29 13:26:49.688586+00', '2', '4');
insert into retail_dwh.dim_product (product_key, stock_code, description, is_merchandise, description_priced, description_sold_at)
values
('1', 'POST', 'Postage', 'false', 'true', '2025-01-04 10:05:00+00'),
('2', 'S1', 'Mug', 'true', 'true', '2025-01-05 11:00:00+00'),
('3', 'S2', 'Bowl', 'true', 'true', '2025-01-04 10:05:00+00'),
('4', 'S3', 'Jug', 'true', 'true', '2025-01-05 11:30:00+00');
insert into retail_dwh.dim_customer (customer_key, customer_id)
values
('0', null),
('1', '101'),
('2', '103'),
('3', '102');
insert into retail_dwh.dim_country (country_key, country)
values
('1', 'France'),
('2', 'United Kingdom');
insert into retail_dwh.dim_invoice (invoice_key, feed, invoice_no, invoice_type, timezone)
values
('1', 'tills', '900001', 'sale', 'Europe/London'),
('2', 'tills', '900002', 'sale', 'Europe/London'),
('3', 'tills', '900003', 'sale', 'Europe/London'),
('4', 'tills', 'C900004', 'cancellation', 'Europe/London'),
('5', 'tills', '900005', 'sale', 'Europe/London');
insert into retail_dwh.fact_sale (line_id, sold_at, date_key, product_key, customer_key, country_key, invoice_key, delivery_key, line_no, quantity, copy_number, unit_price, total_amount, currency, description)
values
('008c9e78-8f3b-7084-b18f-8e9e9f469c62', '2025-01-05 11:00:00+00', '20250105', '2', '1', '2', '4', '2', '3', '-1', '1', '4.0000', '-4.0000', 'GBP', 'Mug'),
('17df45c1-7512-a27f-6dc4-e7dc18042fe8', '2025-01-04 10:07:00+00', '20250104', '4', '2', '2', '3', '1', '5', '1', '1', '7.5000', '7.5000', 'GBP', 'Jug'),
('5a978905-8ed3-31f3-0d10-30ee3c9b6c7a', '2025-01-04 10:05:00+00', '20250104', '3', '3', '1', '2', '1', '3', '3', '1', '3.3300', '9.9900', 'EUR', 'Bowl'),
('85848c54-b3b7-3c58-2cb9-6ab09bf38f65', '2025-01-05 11:30:00+00', '20250105', '4', '0', '2', '5', '2', '4', '5', '1', '7.0000', '35.0000', 'GBP', 'Jug'),
('874b3385-96c8-d782-bff8-c970dc6810d6', '2025-01-04 10:05:00+00', '20250104', '1', '3', '1', '2', '1', '4', '1', '1', '5.0000', '5.0000', 'EUR', 'Postage'),
('a17894a6-eb55-fb3e-e684-9c7de745f1f2', '2025-01-04 10:00:00+00', '20250104', '2', '1', '2', '1', '1', '2', '2', '2', '4.0000', '8.0000', 'GBP', 'Mug'),
('cfe5be72-7e26-526b-59f6-0ab9fe044fd5', '2025-01-04 10:00:00+00', '20250104', '2', '1', '2', '1', '1', '1', '2', '1', '4.0000', '8.0000', 'GBP', 'Mug');
insert into retail_ops.line_source (invoice_key, line_id, delivery_key, line_no)
values
('2', '5a978905-8ed3-31f3-0d10-30ee3c9b6c7a', '2', '1'),
('2', '874b3385-96c8-d782-bff8-c970dc6810d6', '2', '2');
insert into retail_ops.quality_score (dimension, score, error_lines, warning_lines, attempt_id)
values
('completeness', '100.00', '0', '0', '1'),
('completeness', '87.50', '0', '1', '2'),
('consistency', '100.00', '0', '0', '1'),
('consistency', '100.00', '0', '0', '2'),
('timeliness', '100.00', '0', '0', '2'),
('timeliness', '100.00', '0', '0', '1'),
('uniqueness', '100.00', '0', '0', '2'),
('uniqueness', '90.00', '0', '1', '1'),
('validity', '100.00', '0', '0', '2'),
('validity', '100.00', '0', '0', '1');
select setval('retail_ops.delivery_attempt_attempt_id_seq', (select max(attempt_id) from retail_ops.delivery_attempt))
