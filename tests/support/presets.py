"""Samples of the presets."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).parents[2] / "tasks/ingest/presets/samples"
# File, preset, and its number of rows.
SAMPLES = (
    ("shopify.csv", "shopify_orders", 18),
    ("shopify_orders.csv", "shopify_orders", 8),
    ("square.csv", "square_items", 10),
    ("square_items.csv", "square_items", 6),
    ("woocommerce_orders.csv", "woocommerce_orders", 13),
    ("amazon_orders.tsv", "amazon_orders", 11),
    ("online_retail.csv", "online_retail", 7),
)


def sample(name: str) -> Path:
    """Return the path of a sample."""
    return _FOLDER / name
