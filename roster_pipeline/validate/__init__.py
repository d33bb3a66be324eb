"""Contracts on staged rows, and tests on whole tables. A row that breaks a contract is set aside, never the district.

`contracts` says what a row must be, `quarantine` sets aside those that are not, `sql_tests` runs `dbt_like_sql/tests/`.
"""
