"""Checks the staged rows against contracts, and whole tables with SQL tests.

A row that breaks its contract goes to quarantine, and the sync goes on with the other rows. `contracts` has one
contract for each staged table, `quarantine` moves the rows, and `sql_tests` runs the tests of `dbt_like_sql/tests/`.
"""
