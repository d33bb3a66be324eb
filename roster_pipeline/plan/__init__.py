"""Builds the plan of a sync: the changes that it will write, the part that is on hold, and the digest that names them.

The plan reads `marts.*`, `current.*`, `quarantine.records` and `changes.*` in DuckDB, in a delta also `marts.*` of the
district's file. It marks the changes on hold in `changes.*`. It reads no network and no table of the product.
"""
