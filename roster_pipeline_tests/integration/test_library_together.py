"""Library teachers who update at the same time, and the rest of the program, for which Library is no district."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import duckdb
import pytest

from roster_pipeline.errors import TierRefused
from roster_pipeline.product.connections import note_list
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import list_organizations
from roster_pipeline.settings import read_settings
from roster_pipeline.sync_context import utc_now
from roster_pipeline.syncs.library_requests import (
    file_library_request,
    list_waiting_teachers,
    refuse_waiting_teacher,
)
from roster_pipeline.syncs.lifecycle import list_running_runs, require_syncable
from roster_pipeline.syncs.requests import file_request, list_waiting_districts
from roster_pipeline.syncs.schedule_policy import list_candidates
from roster_pipeline_tests.support.library import *  # noqa: F403 - the fixtures
from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.town import Town

LIVE = "select clever_id from roster.rosters where archived_at is null order by 1"
OPEN = """
    insert into roster.syncs (organization_id, trigger, dagster_run_id, account_id)
    values (roster.library_organization(), 'library', 'run', :account)
"""
STATE = "select state, missing_since from roster.organizations where tier = 'library'"


def at_once(library, teachers):
    """Update the classes of several teachers at the same time."""
    tokens = [library.log_in(teacher.clever_id) for teacher in teachers]
    with ThreadPoolExecutor(len(teachers)) as threads:
        return list(threads.map(lambda one: library.update(one[0], token=one[1]), zip(teachers, tokens, strict=True)))


def test_teachers_at_once_make_one_account_and_one_class(library, product):
    town = library.serve(Town(1))
    teachers = [library.join(town.teacher(number)) for number in (1, 2)]
    students = [town.student(number) for number in range(1, 5)]
    both = town.section(1, teachers=[teacher.clever_id for teacher in teachers], students=students)
    own = [
        town.section(2 + number, teachers=[each.clever_id], students=students) for number, each in enumerate(teachers)
    ]
    for teacher, section in zip(teachers, own, strict=True):
        library.choose(teacher, both, section)
    at_once(library, teachers)

    assert [library.classes(teacher) for teacher in teachers] == [
        {both: students, section: students} for section in own
    ]
    assert query(product, "select count(*) from roster.accounts where role = 'student'") == [(4,)]
    for teacher, section in zip(teachers, own, strict=True):
        library.remove(teacher, both, section)
    at_once(library, teachers)
    assert query(product, LIVE) == []


def test_library_is_no_district_for_nights_and_lists(library, product):
    teacher = library.join(library.serve(Town(1)).teacher(1))
    now = utc_now()
    with transaction(product) as pg:
        file_library_request(pg, teacher.account_id, at=now)
        assert list_organizations(pg) == []
        assert list_waiting_districts(pg) == []
        assert list_candidates(pg, now) == []
        for hours in (0, 2):
            note_list(pg, ["f" * 24], now + timedelta(hours=hours))
        with pytest.raises(TierRefused):
            require_syncable(pg, "library", "cli")
        with pytest.raises(TierRefused):
            file_request(pg, "library", scope="district", scope_clever_id=None, requested_by=None)
    assert query(product, STATE) == [("active", None)]
    execute(product, OPEN, account=teacher.account_id)
    with transaction(product) as pg:
        assert list_running_runs(pg) == []


def test_update_after_a_killed_one_closes_it(library, product):
    teacher = library.join(library.serve(Town(1)).teacher(1))
    execute(product, OPEN, account=teacher.account_id)
    library.update(teacher)
    assert query(product, "select state from roster.syncs order by id") == [("failed",), ("published",)]


def test_teacher_who_cannot_update_gets_an_answer(library, product):
    teacher = library.join(library.serve(Town(1)).teacher(1))
    with transaction(product) as pg:
        number = file_library_request(pg, teacher.account_id, at=utc_now())
        assert file_library_request(pg, teacher.account_id, at=utc_now()) == number
        refuse_waiting_teacher(pg, teacher.account_id, "Why.", at=utc_now())
        assert list_waiting_teachers(pg) == []
    assert query(product, "select state, summary from roster.refresh_requests") == [("failed", "Why.")]


def test_teachers_of_library_are_in_no_analysts_database(library, connect, publish, latest):
    teacher = library.join(library.serve(Town(1)).teacher(1))
    library.update(teacher)
    town = connect(Town(2))
    publish(town)

    with duckdb.connect(latest, read_only=True) as con:
        assert con.execute("select distinct district_id from syncs").fetchall() == [(town.id,)]


def test_landing_files_of_an_update_are_removed(library, environment):
    library.update(library.join(library.serve(Town(1)).teacher(1)))
    assert list(read_settings().landing_folder.rglob("*")) == []
