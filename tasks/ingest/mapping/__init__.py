"""Mappings: how the columns of a delivery become the eight columns of a sales line."""
