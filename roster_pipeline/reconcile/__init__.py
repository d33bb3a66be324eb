"""Desired against current, in SQL over DuckDB. Decides what differs; never reads a network or a product table."""
