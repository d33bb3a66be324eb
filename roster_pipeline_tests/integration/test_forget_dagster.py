"""The records of Dagster that are of other districts too stay when one district is forgotten."""

import sqlalchemy as sa

from roster_pipeline.privacy.stores.dagster_records import TABLES, erase_records, mask_names
from roster_pipeline.privacy.subject import Subject

GONE, OTHER = "e" * 24, "f" * 24
RUNS = [
    {"run_id": "own", "status": "SUCCESS", "run_body": GONE},
    {"run_id": "batch", "status": "SUCCESS", "run_body": f"{OTHER} {GONE}"},
]
EVENTS = [
    {"run_id": "own", "event": "began"},
    {"run_id": "batch", "event": f"synced {OTHER}"},
    {"run_id": "batch", "event": f"synced {GONE}"},
]
TAGS = [{"run_id": "own", "key": "dagster/partition", "value": GONE}]


def test_run_of_many_districts_stays_without_the_forgotten_one(product):
    with product.connect() as dagster:
        for name, table in TABLES.items():
            columns = ", ".join(f"{column.name} text" for column in table.c)
            dagster.execute(sa.text(f"create temporary table {name} ({columns})"))
        for name, rows in (("runs", RUNS), ("event_logs", EVENTS), ("run_tags", TAGS)):
            for row in rows:
                dagster.execute(sa.insert(TABLES[name]).values(row))
        erase_records(dagster, Subject("district", districts=(GONE,)))
        assert dagster.execute(sa.select(TABLES["runs"].c["run_id", "run_body"])).all() == [
            ("batch", f"{OTHER} {'x' * 24}")
        ]
        assert dagster.execute(sa.select(TABLES["event_logs"].c.event)).scalars().all() == [f"synced {OTHER}"]


def test_log_of_many_districts_stays_without_the_forgotten_one(tmp_path):
    log = tmp_path / "batch.err"
    log.write_text(f"synced {OTHER} and {GONE}")
    mask_names(log, [GONE])
    assert log.read_text() == f"synced {OTHER} and {'x' * 24}"
