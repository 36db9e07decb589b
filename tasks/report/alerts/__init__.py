"""Alerts: what people are told, through which channels, and how often."""
