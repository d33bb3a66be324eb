"""The history of the snapshot while the clock of a machine is wrong."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.settings import read_settings
from roster_pipeline.snapshot import rebuild_snapshot
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute
from roster_pipeline_tests.support.snapshots import read, rows, rows_as_of
from roster_pipeline_tests.support.stages import leave_snapshot

DATE_AHEAD = """
    update roster.syncs set started_at = started_at + interval '1 year', finished_at = finished_at + interval '1 year'
    where id = (select max(id) from roster.syncs)
"""


@pytest.fixture
def renamed_sync(valley, quick_sync, product):
    """Renames a class, lets a student leave and syncs."""

    def synced(name):
        key = valley.resources["sections"].ids()[0]
        valley.put("sections", valley.get("sections", key) | {"name": name})
        valley.remove("users", users_of(valley, "student")[0])
        quick_sync(valley)
        return key

    return synced


@pytest.mark.parametrize("has_pass_between", [True, False])
def test_later_sync_corrects_the_times_of_a_sync_dated_ahead(
    known_publish, valley, renamed_sync, product, latest, environment, has_pass_between
):
    known_publish(valley)
    renamed_sync("Ahead")
    execute(product, DATE_AHEAD)
    if has_pass_between:
        leave_snapshot(read_settings(), product)
    key = renamed_sync("Present")
    result = leave_snapshot(read_settings(), product)
    names = "select name, valid_to from rosters_history where section_id = ? order by valid_from"
    ((_, first_end), (_, ahead_end), (_, present_end)) = read(latest, names, key)
    assert (first_end < ahead_end, present_end) == (True, None)
    assert read(latest, "select max(valid_from) < now() from people_history") == [(True,)]
    shown = rows(latest.parent)
    as_of = rows_as_of(latest.parent, datetime.now(UTC))
    assert as_of == {name: shown[name] for name in as_of}
    followed = rows(latest.parent, "_history")
    rebuild_snapshot(read_settings(), product, at=datetime.now(UTC))
    assert rows(latest.parent, "_history") == followed
    assert len(result.organization_ids) == 1
