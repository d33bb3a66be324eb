"""Find marks of people in every column of the product database."""

from roster_pipeline.product.tables import metadata
from roster_pipeline_tests.support.readers import query

IS_MARKED = (
    "select exists (select from {table}, unnest(cast(:marks as text[])) as mark where strpos({column}::text, mark) > 0)"
)


def find_marked_columns(engine, marks):
    """Return the columns of schema `roster` that contain one of the marks, as `table.column`."""
    columns = [(str(table), column.name) for table in metadata.tables.values() for column in table.c]
    return {
        f"{table.removeprefix('roster.')}.{column}"
        for table, column in columns
        if query(engine, IS_MARKED.format(table=table, column=f'"{column}"'), marks=list(marks)) == [(True,)]
    }
