"""Moves staged rows that break their contract to `quarantine.records`, with the Clever id and the reason.

A record in quarantine is still in Clever. The sync removes nothing because such a record is missing from the feed.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import pandas as pd
import pandera.pandas as pa
from pandera.errors import SchemaErrors

from roster_pipeline.model.clever_id import is_clever_id
from roster_pipeline.validate.contracts import CONTRACTS

BATCH_ROWS = 100_000
FOREIGN_ID_REASON = "the Clever id belongs to another district"
ID_COLUMNS = {
    "teachers": ("clever_id", "people"),
    "students": ("clever_id", "people"),
    "schools": ("school_id", "schools"),
    "sections": ("section_id", "sections"),
}
"""By staged table: the column of its ids, and the resource of these ids in `current.foreign_ids`."""


def create_quarantine(con: duckdb.DuckDBPyConnection) -> None:
    """Create `quarantine.records` with the records that could not be decoded."""
    con.execute("create schema if not exists quarantine")
    con.execute(
        "create or replace table quarantine.records as "
        "select resource, clever_id, reason from raw.rejected where whole_record"
    )


def reject_foreign_ids(con: duckdb.DuckDBPyConnection) -> None:
    """Move staged rows to quarantine if their Clever id belongs to another district (`current.foreign_ids`)."""
    con.begin()
    for table, (key, resource) in ID_COLUMNS.items():
        foreign = f"{key} in (select clever_id from current.foreign_ids where resource = '{resource}')"
        con.execute(
            f"insert into quarantine.records select '{table}', {key}, '{FOREIGN_ID_REASON}' "
            f"from staging.stg_{table} where {foreign}"
        )
        con.execute(f"delete from staging.stg_{table} where {foreign}")
    con.commit()


def quarantine(con: duckdb.DuckDBPyConnection, table: str) -> dict[str, int]:
    """Check `staging.<table>` against its contract, move the rows that break it, and count them by reason."""
    contract = CONTRACTS[table]
    columns = list(contract.columns)
    broken = pd.DataFrame(_broken_rows(con, table, contract), columns=["id", "reason"]).drop_duplicates()
    if broken.empty:
        return {}
    known = broken["id"].map(lambda value: value if is_clever_id(value or "") else None)
    records = pd.DataFrame({"resource": table.removeprefix("stg_"), "clever_id": known, "reason": broken["reason"]})
    con.begin()
    con.register("broken_rows", broken)
    con.register("broken_records", records)
    con.execute("insert into quarantine.records select * from broken_records")
    con.execute(
        f"delete from staging.{table} where exists "
        f"(from broken_rows where broken_rows.id is not distinct from {table}.{columns[0]})"
    )
    con.commit()
    con.unregister("broken_rows")
    con.unregister("broken_records")
    return {str(reason): int(rows) for reason, rows in broken["reason"].value_counts().items()}


def _broken_rows(
    con: duckdb.DuckDBPyConnection, table: str, contract: pa.DataFrameSchema
) -> Iterator[tuple[str | None, str]]:
    """Yield the id and the reason of each broken rule of each row. Batches keep the memory small for large tables."""
    # The contract checks a list as one text.
    columns = [f"{column}::varchar as {column}" for column in contract.columns]
    with con.cursor() as cursor:
        for batch in cursor.sql(f"select {', '.join(columns)} from staging.{table}").to_arrow_reader(BATCH_ROWS):
            yield from _broken_rows_of_batch(batch.to_pandas(types_mapper=pd.ArrowDtype), contract)


def _broken_rows_of_batch(rows: pd.DataFrame, contract: pa.DataFrameSchema) -> Iterator[tuple[str | None, str]]:
    try:
        contract.validate(rows, lazy=True)
    except SchemaErrors as errors:
        cases = pd.DataFrame(errors.failure_cases)
        if cases["index"].isna().any():
            raise  # The columns of the table differ from the contract, which is an internal error.
        for column, check, index in zip(cases["column"], cases["check"], cases["index"], strict=True):
            yield rows.iloc[index, 0], _reason(str(column), str(check))


def _reason(column: str, check: str) -> str:
    return f"{column.replace('_', ' ')} is missing" if check == "not_nullable" else check
