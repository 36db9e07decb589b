"""Reference data for silver lines: countries, exchange rates, product categories. To come."""
