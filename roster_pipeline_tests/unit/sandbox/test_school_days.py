"""School days of the sandbox: what a day changes, that its events report all of it, and that it can be repeated."""

from roster_pipeline.sandbox.data.generate import default_districts
from roster_pipeline.sandbox.data.school_day import school_day, school_days


def content(district):
    return {name: dict(items) for name, items in district.resources.items()}


def test_a_day_changes_something_of_every_kind(village):
    changes = school_day(village, 1, seed=7)

    assert all(count > 0 for count in vars(changes).values())
    assert village.day == 1


def test_events_of_days_turn_the_old_district_into_the_new(village):
    replica = content(village)
    for day in (1, 2, 3):
        school_day(village, day, seed=7)

    for event in village.events.values():
        resource, _, verb = event["type"].partition(".")
        item = event["data"]["object"]
        if verb == "deleted":
            del replica[resource][item["id"]]
        else:
            assert (item["id"] in replica[resource]) is (verb == "updated")
            replica[resource][item["id"]] = item

    assert replica == content(village)


def test_events_of_a_day_share_a_second_and_follow_in_order(village):
    school_day(village, 1, seed=7)
    first = list(village.events.values())
    school_day(village, 2, seed=7)
    second = list(village.events.values())[len(first) :]

    assert len({event["created"] for event in first}) == 1
    assert first[-1]["created"] < second[0]["created"]
    assert first[-1]["id"] < second[0]["id"]


def test_the_same_day_of_the_same_seed_is_the_same_everywhere(village, village_again):
    twin = village_again()
    for district in (village, twin):
        school_day(district, 1, seed=7)

    assert content(twin) == content(village)
    assert dict(twin.events) == dict(village.events)


def test_a_leaver_is_in_no_section_any_more(village):
    school_day(village, 1, seed=7)

    gone = {event["data"]["object"]["id"] for event in village.events.values() if event["type"] == "users.deleted"}
    assert gone
    assert all(gone.isdisjoint(section["students"]) for section in village.resources["sections"].values())


def test_the_control_route_lets_a_day_go_by_and_counts_it(clever, village):
    counts = clever.post("/sandbox/day").json()["data"][village.id]

    assert village.day == 1
    assert counts["new_students"] > 0
    assert clever.get("/v3.1/events?limit=1").json()["data"]


def test_the_control_route_can_be_asked_for_one_district(clever, village):
    assert clever.post("/sandbox/day", params={"district": village.id}).status_code == 200
    assert clever.post("/sandbox/day", params={"district": "0" * 24}).status_code == 404
    assert village.day == 1


def test_starting_days_later_equals_passing_the_days():
    later = default_districts(days=2)
    waited = default_districts()
    for district in waited:
        school_days(district, 2)

    assert [content(district) for district in later] == [content(district) for district in waited]
