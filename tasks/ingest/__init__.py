"""Deliveries to bronze: find the files, read them as text, keep every row with its origin."""
