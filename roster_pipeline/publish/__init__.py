"""Between a district's DuckDB file and the product database: what the product has now, and the one writer.

`current` reads, `apply` writes a plan in one transaction, `ledger` keeps the record of syncs.
Nothing here judges what should change.
"""
