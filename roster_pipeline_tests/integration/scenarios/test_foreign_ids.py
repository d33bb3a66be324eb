"""A record with a Clever id of another district is rejected alone, in full and in delta syncs."""

import json
import sys

import pytest
import sqlalchemy as sa

from roster_pipeline import pipeline
from roster_pipeline.cli import main
from roster_pipeline.errors import PlanStale
from roster_pipeline.land import open_warehouse
from roster_pipeline.settings import read_settings
from roster_pipeline.validate.quarantine import FOREIGN_ID_REASON
from roster_pipeline_tests.support.readers import difference, execute, last_sync, published, query
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.seen import flagged, roster_of
from roster_pipeline_tests.support.walls import acting_as

CHECK = "ids_of_another_district"
ANSWER = """
    select resource, clever_id from roster.ids_of_other_districts(:own, :people, :schools, :sections) order by 1, 2
"""
NUMBER = "select id from roster.organizations where clever_district_id = :district"


def claim(other, town):
    """The other town claims a student, a teacher, a school and a class of the town, and uses them; gives their ids."""
    student, teacher = town.person(town.student(1)), town.person(town.teacher(1))
    school, section = town.get("schools", town.school(0)), town.get("sections", town.section(1))
    own = {"district": other.id}
    other.put("users", student | own | {"roles": {"student": other.role(1)}})
    other.put("users", teacher | own | {"roles": {"teacher": other.role(1)}})
    other.put("schools", school | own)
    other.put("sections", section | own | {"students": [other.student(2)]})
    return student["id"], teacher["id"], school["id"], section["id"]


def rejected(district):
    """(Clever id, reason) of the records that the last sync did not take."""
    with open_warehouse(read_settings().districts_folder, district.id) as con:
        return set(con.execute("select clever_id, reason from quarantine.records").fetchall())


@pytest.fixture
def claimed(town, other_town, quick_sync):
    """A published town, and another one that claims ids of it and has a class with those people."""
    town.section(1, teachers=[town.teacher(1)], students=[town.student(1)])
    quick_sync(town)
    ids = claim(other_town, town)
    student, teacher, school, _ = ids
    section = other_town.section(3, teachers=[teacher], students=[student, other_town.student(2)], school=school)
    return ids, section


@pytest.mark.parametrize("mode", ["full", "delta"])
def test_records_of_another_district_are_rejected_alone(town, other_town, claimed, quick_sync, product, mode):
    ids, section = claimed
    student, teacher, school, foreign_section = ids
    before = published(product, town.id)
    if mode == "delta":
        lists = ("users", "users", "schools", "sections", "sections")
        claims = [(name, other_town.get(name, key)) for name, key in zip(lists, (*ids, section), strict=True)]
        for name, item in claims:
            other_town.remove(name, item["id"])
        quick_sync(other_town)
        for name, item in claims:
            other_town.put(name, item)
    quick_sync(other_town, mode=mode)
    assert last_sync(product)[0] == "published"
    assert published(product, town.id) == before
    found = published(product, other_town.id)
    assert {student, teacher}.isdisjoint(found.people)
    assert (school in found.schools, foreign_section in found.rosters) == (False, False)
    assert found.people.keys() >= {other_town.student(2)}
    roster = roster_of(product, section)
    assert (roster.awaited, roster.school) == ({student: "student", teacher: "teacher"}, None)
    assert roster.students == {other_town.student(2): "live"}
    assert rejected(other_town) == {(key, FOREIGN_ID_REASON) for key in ids}
    if mode == "full":
        assert flagged(other_town, CHECK) == set(ids)
    assert quick_sync(other_town, mode=mode).total == 0


def test_why_explains_a_record_of_another_district(other_town, claimed, quick_sync, environment, monkeypatch, capsys):
    (student, *_), _section = claimed
    quick_sync(other_town)
    monkeypatch.setattr(sys, "argv", ["roster-pipeline", "why", "--person", student, "--json"])
    with pytest.raises(SystemExit):
        main()
    chains = json.loads(capsys.readouterr().out)["chains"]
    (chain,) = [chain for chain in chains if chain["district_id"] == other_town.id]
    assert "belongs to another district" in json.dumps(chain)


def test_person_released_by_the_other_district_joins(town, other_town, claimed, quick_sync, product):
    (student, *_), section = claimed
    quick_sync(other_town)
    execute(
        product,
        "update roster.identity_links set unlinked_at = now() where clever_id = :key",
        as_sync=True,
        key=student,
    )
    quick_sync(other_town)
    assert student in published(product, other_town.id).people
    assert roster_of(product, section).students[student] == "live"


def test_writer_learns_only_which_ids_belong_to_others(town, other_town, claimed, quick_sync, product):
    (student, _, school, section), _ = claimed
    quick_sync(other_town)
    own = other_town.student(2)
    values = {
        "people": [student, own, "f" * 24],
        "schools": [school, other_town.school(1)],
        "sections": [section],
    }
    ((number,),) = query(product, NUMBER, district=other_town.id)
    values["own"] = number
    with acting_as(product, "roster_writer", number) as pg:
        assert (
            pg.execute(sa.text("select count(*) from roster.schools where clever_id = :key"), {"key": school}).scalar()
            == 0
        )
        found = [tuple(row) for row in pg.execute(sa.text(ANSWER), values)]
    assert found == [("people", student), ("schools", school), ("sections", section)]
    with (
        pytest.raises(sa.exc.ProgrammingError, match="ids_of_other_districts"),
        acting_as(product, "roster_reader", number) as pg,
    ):
        pg.execute(sa.text(ANSWER), values)


def test_ids_of_the_library_belong_to_no_other_district(town, other_town, claimed, product):
    """R3.13: its links and rosters move to the district."""
    (student, _, school, section), _ = claimed
    ((number,),) = query(product, NUMBER, district=other_town.id)
    values = {"own": number, "people": [student], "schools": [school], "sections": [section]}
    assert len(query(product, ANSWER, **values)) == 3
    execute(product, "update roster.organizations set tier = 'library' where clever_district_id = :d", d=town.id)
    assert query(product, ANSWER, **values) == []


def test_second_district_that_claims_an_id_writes_nothing(town, other_town, quick_sync, product, monkeypatch):
    """The second has read the product before the first published."""
    student = town.person(town.student(1))
    other_town.put("users", student | {"district": other_town.id, "roles": {"student": other_town.role(1)}})
    reconcile = pipeline.reconcile

    def reconcile_and_wait(sync):
        result = reconcile(sync)
        if sync.district_id == other_town.id:
            monkeypatch.setattr(pipeline, "reconcile", reconcile)
            quick_sync(town)
        return result

    monkeypatch.setattr(pipeline, "reconcile", reconcile_and_wait)
    with pytest.raises(PlanStale, match="Run the sync again"):
        quick_sync(other_town)
    assert published(product, other_town.id).people == {}
    assert difference(expect(town), published(product, town.id)) == {}
    quick_sync(other_town)
    assert student["id"] not in published(product, other_town.id).people
    assert len(published(product, other_town.id).people) == 40
    assert student["id"] in published(product, town.id).people
