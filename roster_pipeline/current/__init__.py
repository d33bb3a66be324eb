"""Copies what the product has now into `current.*` of a district's DuckDB file, beside the feed."""
