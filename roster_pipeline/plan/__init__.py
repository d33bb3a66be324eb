"""Is what reconcile found safe to do? Brakes, holds and the digest: frozen data that can refuse a part of itself.

Nothing here touches a network or a product table: it reads and marks `changes.*`, `current.*` and `live.*` in DuckDB.
"""
