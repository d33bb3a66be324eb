"""Scenarios S-1, S-3 to S-7, S-9 to S-11 and S-24: how many removals need approval, and how they are counted.

That holds can be approved, rejected or grow stale is `test_holds`'s.
"""

from dataclasses import fields
from datetime import UTC, datetime

import pytest

from roster_pipeline.model.limits import Limits
from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import set_limits
from roster_pipeline.settings import read_settings
from roster_pipeline.syncs.holds import decide_hold, find_plan
from roster_pipeline_tests.support.holds import all_rows_live
from roster_pipeline_tests.support.readers import difference, last_sync, published, query, row_versions
from roster_pipeline_tests.support.rule_book import expect
from roster_pipeline_tests.support.seen import person_of, roster_of
from roster_pipeline_tests.support.town import OTHERS

LISTS = ("schools", "users", "sections", "terms", "courses")
NOTHING_MAY_LEAVE = {one.name: 0 for one in fields(Limits)}
DISTRICT_ONLY = Limits(class_removals=1.0, school_removals=1.0, window_removals=1.0)
CLASS_ONLY = Limits(school_removals=1.0, district_removals=1.0, window_removals=1.0)
SCHOOL_ONLY = Limits(class_removals=1.0, district_removals=1.0, window_removals=1.0)
ENDED = "select count(*) from roster.changes where op = 'end'"


@pytest.fixture
def crowd(town, known_sync):
    """Adds students to the twenty of the classes and syncs for the first time; all their ids, the new ones first."""

    def gathered(count):
        keys = [town.student(number) for number in (*range(count - len(OTHERS)), *OTHERS)]
        known_sync(town)
        return keys

    return gathered


def empty(town):
    """Every list of the district is well formed and has no rows; what was in them, to be put back."""
    everything = [(name, item) for name in LISTS for item in town.resources[name].values()]
    for name, item in everything:
        town.remove(name, item["id"])
    return everything


def reasons(plan, part):
    return {held.reason for held in plan.held if held.part == part}


@pytest.mark.scenario("S-1")
def test_empty_lists_keep_everything_and_are_reported(town, sync, resync, known_sync, product, checks):
    known_sync(town)
    before = row_versions(product)
    everything = empty(town)
    assert sync(town).exit_code == 0
    assert row_versions(product) == before
    assert last_sync(product)[0] == "held"
    assert query(product, "select distinct reason from roster.holds") == [("feed_incomplete",)]
    lists = {"schools", "teachers", "students", "sections", "terms", "courses"}
    assert {asset for asset, (passed, _) in checks("complete").items() if not passed} == {f"raw/{one}" for one in lists}
    for name, item in everything:
        town.put(name, item)
    assert (resync().total, row_versions(product)) == (0, before)


@pytest.mark.scenario("S-1")
def test_empty_lists_prove_nothing_after_lost_district_files(town, resync, known_sync, product):
    """The last good lists are the published ones: what was in them the product knows, if nothing else does."""
    known_sync(town)
    before = row_versions(product)
    (read_settings().districts_folder / f"{town.id}.duckdb").unlink()
    empty(town)
    resync()
    assert row_versions(product) == before


@pytest.mark.scenario("S-3")
def test_loss_of_forty_percent_is_held_with_counts_and_limit(town, crowd, sync, product, checks):
    keys = crowd(20)
    town.leave(*keys[:8])
    assert sync(town).exit_code == 0
    assert {person_of(product, key).member for key in keys} == {"student"}
    told = "select reason, counts from roster.holds where counts ->> 'part' = 'students'"
    counts = {"part": "students", "removals": 8, "of": 20, "limit": 0.1, "units": []}
    assert query(product, told) == [("district_removals", counts)]
    ((passed, said),) = checks("thresholds").values()
    assert (passed, said["waiting"], said["students"]) == (False, 8, 8)
    assert said["sentence"] == "8 of 20 students in School 0 (40%) are missing from Clever."
    assert "district_removals (students, over 10%)" in said["because"]


@pytest.mark.scenario("S-4")
@pytest.mark.parametrize(("people", "limit", "at_limit"), [(30, 0.10, 3), (50, 0.58, 29)])
def test_removals_exactly_at_the_limit_are_not_held(town, crowd, resync, product, people, limit, at_limit):
    limits = Limits(1.0, 5, 1.0, 10, limit, 1.0)
    back, *leaving = crowd(people)[: at_limit + 1]
    back_again = town.person(back)
    town.leave(back, *leaving)
    assert reasons(resync(limits), "students") == {"district_removals"}
    town.put("users", back_again)
    assert resync(limits).held == ()
    assert {person_of(product, key).member for key in leaving} == {"ended"}


@pytest.mark.scenario("S-5")
def test_class_removals_need_share_and_minimum_to_be_held(town, resync, product):
    """By count and by share, and here both must be over: four of four may go, six of ten may, five of eight may not."""
    sizes = {1: (4, 4), 2: (8, 5), 3: (10, 6), 4: (10, 7), 5: (5, 5)}
    people = [town.student(number) for number in range(10)]
    keys = {number: town.section(number, students=people[:size]) for number, (size, _) in sizes.items()}
    resync()
    for number, (size, leave) in sizes.items():
        town.section(number, students=people[leave:size])
    plan = resync(CLASS_ONLY)
    wait = tuple(keys[number] for number in (2, 4, 5))
    assert [(held.reason, held.removals, held.of, held.units) for held in plan.held] == [
        ("class_removals", 5 + 7 + 5, 8 + 10 + 5, wait)
    ]
    left = {number: list(roster_of(product, key).students.values()).count("ended") for number, key in keys.items()}
    assert left == {1: 4, 2: 0, 3: 6, 4: 0, 5: 0}


@pytest.mark.scenario("S-5")
def test_school_removals_need_share_and_minimum_to_be_held(town, resync, product):
    """Nine of twenty may leave a school, and so may twelve of forty, exactly the limit; ten of twenty may not."""
    sizes = {2: (20, 9), 3: (20, 10), 4: (40, 12), 5: (40, 13)}
    schools, people = {number: town.school(number) for number in sizes}, {}
    for number, (size, _) in sizes.items():
        in_it = {"student": town.role(0, school=number)}
        people[number] = [town.student(1000 * number + one, roles=in_it) for one in range(size)]
    resync()
    for number, (_, leave) in sizes.items():
        town.leave(*people[number][:leave])
    plan = resync(SCHOOL_ONLY)
    assert [(held.part, held.reason, held.removals, held.units) for held in plan.held] == [
        ("students_in_schools", "school_removals", 10 + 13, (schools[3], schools[5]))
    ]
    members = published(product, town.id).members
    assert {number: sum(key not in members for key in people[number]) for number in sizes} == {2: 9, 3: 0, 4: 12, 5: 0}


@pytest.mark.scenario("S-6")
def test_growth_of_three_quarters_is_published(town, crowd, resync, product):
    """Growth is never held, whatever the limits say: what is new waits for nobody (docs/rules.md R5.13)."""
    crowd(20)
    for number in range(15):
        town.section(number, students=[town.student(number)])
    plan = resync(Limits(**NOTHING_MAY_LEAVE))
    assert (plan.held, last_sync(product)[0]) == ((), "published")
    assert difference(expect(town), published(product, town.id)) == {}


@pytest.mark.scenario("S-7")
def test_feed_after_a_held_sync_compares_with_what_is_published(town, crowd, quick_sync, product):
    keys = crowd(20)
    everyone = [town.person(key) for key in keys]
    town.leave(*keys[:8])
    assert reasons(quick_sync(town), "students") == {"district_removals"}
    for person in everyone:
        town.put("users", person)
    town.leave(*keys[:2])  # of 20 who are there; of the 12 whom the held feed showed it would be too many
    plan = quick_sync(town)
    assert (plan.held, plan.counts["org_memberships"]) == ((), {"end": 2})


@pytest.mark.scenario("S-9")
def test_first_sync_crosses_no_threshold(town, resync, product, sign_up):
    """Nothing may leave here, and every account that is found by its email gets another name."""
    own = [sign_up(town.person(town.student(other))["email"], "Ann", f"Student{other}") for other in OTHERS]
    plan = resync(Limits(**NOTHING_MAY_LEAVE))
    assert (plan.held, plan.counts["accounts"]) == ((), {"insert": len(OTHERS), "update": len(own)})
    assert published(product, town.id).members.keys() == town.resources["users"].keys()


@pytest.mark.scenario("S-10")
def test_approved_plan_of_new_ids_is_the_new_base(town, crowd, quick_sync, product):
    old = crowd(20)
    for number, key in enumerate(old):
        town.student(number, email=None)
        town.leave(key)
    held = quick_sync(town)
    with transaction(product) as pg:
        waiting = find_plan(pg, held.held_digest)
        decide_hold(pg, waiting, "approved", decided_by="the admin", at=datetime.now(UTC))
    assert quick_sync(town).counts["org_memberships"] == {"end": len(old)}
    town.leave(town.student(0), town.student(1))  # of the new twenty; what was approved is of no week
    assert quick_sync(town).held == ()


@pytest.mark.scenario("S-11")
def test_zero_limits_publish_additions_and_remove_nothing(town, quick_sync, product):
    gone, school = [town.student(1), town.teacher(1)], town.school(2)
    emptied = town.section(1, teachers=gone[1:], students=[*gone[:1], town.student(2)])
    deleted = town.section(2, students=[town.student(3)], school=school)
    quick_sync(town)
    before = published(product, town.id)
    with transaction(product) as pg:
        set_limits(pg, town.id, {"district_removals": 0}, once=False)
    town.leave(*gone)
    town.remove("schools", school)
    town.remove("sections", deleted)
    town.section(1, teachers=[town.teacher(2)], students=[town.student(4)], name="Renamed")
    new = town.section(3, students=[town.student(5)], school=town.school(3))
    quick_sync(town)
    after = published(product, town.id)
    assert all_rows_live(before, after)
    assert query(product, ENDED) == [(0,)]
    assert (after.rosters[emptied][1], new in after.rosters, (emptied, town.student(4)) in after.students) == (
        ("Renamed", True, True)
    )
    assert quick_sync(town).total == 0


@pytest.mark.scenario("S-24")
def test_removals_of_a_fifth_within_a_week_are_held(town, crowd, quick_sync, product):
    keys, found = iter(crowd(100)), []
    for leave in (10, 9, 2):
        town.leave(*(next(keys) for _ in range(leave)))
        found.append(reasons(quick_sync(town), "students"))
    assert found == [set(), set(), {"window_removals"}]
    counted = "select counts -> 'removals', counts -> 'of' from roster.holds where counts ->> 'part' = 'students'"
    assert query(product, counted) == [(21, 100)]
