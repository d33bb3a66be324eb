"""Builds the plan of a sync: the changes that it will write, the part that is on hold, and the digest that names them.

The plan reads `marts.*`, `current.*` and `changes.*` in DuckDB, and marks the changes on hold in `changes.*`. It reads
no network and no table of the product.
"""
