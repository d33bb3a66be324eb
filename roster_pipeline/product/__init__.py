"""The product's database as this package knows it: tables, migrations, connections, organizations.

What a sync decides or writes is not here: see `reconcile`, `plan` and `publish`.
"""
