"""A SQL test returns the Clever ids of failing rows and nothing else, whatever stands in place of an id."""

import duckdb

from roster_pipeline.validate.sql_tests import load_sql_tests, run_sql_test


def test_id_that_is_an_email_is_counted_and_not_shown():
    (read_twice,) = [one for one in load_sql_tests() if one.name == "duplicate_records"]
    ids = ["ada@example.org", "0" * 23, f"{'0' * 24}\n", "A" * 24, None, "a" * 24, "f" * 24]
    with duckdb.connect() as con:
        con.execute("create schema raw")
        for name in ("schools", "teachers", "students", "sections"):
            con.execute(f"create table raw.{name} (id varchar)")
        con.executemany("insert into raw.students values (?)", [[key] for key in ids * 2])
        outcome = run_sql_test(con, read_twice)
    assert (outcome.guilty, outcome.sample) == (len(ids), ("a" * 24, "f" * 24))
