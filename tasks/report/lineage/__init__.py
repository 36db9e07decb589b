"""Lineage: where each column of the warehouse comes from, and the sinks that are told of every run."""
