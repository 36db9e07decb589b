"""Revision ``0016_codes``: lines whose codes are normalised otherwise now."""
