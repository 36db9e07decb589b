"""Revision ``0023_any_shop``: the type of quantities changes in place, and views that show them are made again."""
