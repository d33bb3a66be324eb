"""A change in the sandbox appears in its event feed, and the feed can be read."""

import pytest


@pytest.fixture
def feed(clever):
    """The events that a query to the feed gives."""
    return lambda query="": [item["data"] for item in clever.get(f"/v3.1/events?{query}").json()["data"]]


@pytest.fixture
def section(village):
    return next(iter(village.resources["sections"].values()))


@pytest.fixture
def student(village):
    return next(user for user in village.resources["users"].values() if "student" in user["roles"])


def test_a_new_district_has_an_empty_feed(feed):
    assert feed() == []


def test_renamed_section_is_an_update_with_the_old_name(feed, village, section):
    village.put("sections", section | {"name": "Renamed"})

    (event,) = feed()

    assert event["type"] == "sections.updated"
    assert event["data"]["object"]["name"] == "Renamed"
    assert event["data"]["previous_attributes"] == {"name": section["name"]}


def test_only_the_changed_leaves_are_in_the_previous_attributes(feed, village, student):
    role = student["roles"]["student"]
    village.put("users", student | {"roles": {"student": role | {"grade": "7"}}})

    (event,) = feed()

    assert event["data"]["previous_attributes"] == {"roles": {"student": {"grade": role["grade"]}}}


def test_changed_list_is_given_whole(feed, village, section):
    village.put("sections", section | {"students": section["students"][1:]})

    assert feed()[0]["data"]["previous_attributes"] == {"students": section["students"]}


def test_putting_the_same_again_is_no_event(feed, village, section):
    village.put("sections", section)

    assert feed() == []


def test_a_removed_user_is_a_deletion_with_the_last_state(feed, village, student):
    village.remove("users", student["id"])

    (event,) = feed()

    assert event["type"] == "users.deleted"
    assert event["data"] == {"object": student}


def test_a_new_school_is_a_creation(feed, village):
    school = next(iter(village.resources["schools"].values()))
    village.put("schools", school | {"id": village.ids.at(village.now)})

    (event,) = feed()

    assert event["type"] == "schools.created"
    assert "previous_attributes" not in event["data"]


def test_events_of_one_moment_are_paged_by_ascending_ids(feed, village, section):
    for number in range(5):
        village.put("sections", section | {"name": f"Renamed {number}"})

    events = feed()

    assert len({event["created"] for event in events}) == 1
    assert [event["id"] for event in events] == sorted(event["id"] for event in events)
    assert feed(f"starting_after={events[2]['id']}") == events[3:]
    assert feed(f"ending_before={events[2]['id']}&limit=1") == events[1:2]


def test_one_event_can_be_read_alone(clever, feed, village, section):
    village.put("sections", section | {"name": "Renamed"})
    (event,) = feed()

    assert clever.get(f"/v3.1/events/{event['id']}").json()["data"] == event


def test_feed_can_be_narrowed_to_record_types_and_a_school(feed, village, section, student):
    village.put("sections", section | {"name": "Renamed"})
    village.remove("users", student["id"])
    village.put("terms", next(iter(village.resources["terms"].values())) | {"name": "Spring"})

    def kinds(query):
        return [event["type"] for event in feed(query)]

    assert kinds("record_type=users") == ["users.deleted"]
    assert kinds("record_type=users&record_type=terms") == ["users.deleted", "terms.updated"]
    assert kinds(f"school={section['school']}&record_type=sections") == ["sections.updated"]
    assert kinds(f"school={student['roles']['student']['school']}&record_type=users") == ["users.deleted"]
    assert kinds(f"school={'0' * 24}") == []


def test_an_unknown_record_type_is_refused(clever):
    assert clever.get("/v3.1/events?record_type=students").status_code == 400


def test_expired_cursor_gives_the_oldest_event(feed, village, section):
    village.put("sections", section | {"name": "Renamed"})
    (expired,) = feed()
    for _ in range(31):
        village.start_day()
    village.put("sections", section | {"name": "Renamed again"})

    assert [event["data"]["object"]["name"] for event in feed(f"starting_after={expired['id']}")] == ["Renamed again"]
    assert len(feed()) == 1


def test_a_page_of_the_feed_holds_a_hundred_events_unless_told(clever, village, section):
    for number in range(101):
        village.put("sections", section | {"name": f"Renamed {number}"})

    assert [len(clever.get(f"/v3.1/events{query}").json()["data"]) for query in ("", "?limit=101")] == [100, 101]


def test_feed_pages_may_be_smaller_than_requested(walk, village, section):
    for number in range(5):
        village.put("sections", section | {"name": f"Renamed {number}"})
    village.events_a_page = 2

    assert [len(page["data"]) for page in walk("/v3.1/events?limit=10000")] == [2, 2, 1]


def test_what_changes_while_events_are_off_leaves_no_event(feed, village, section):
    village.events_on = False
    village.put("sections", section | {"name": "Renamed"})
    village.remove("users", section["students"][0])
    village.events_on = True
    village.put("sections", section | {"name": "Renamed again"})

    (event,) = feed()

    assert event["data"]["previous_attributes"] == {"name": "Renamed"}
    assert section["students"][0] not in village.resources["users"]


def test_forgotten_events_are_answered_like_expired_ones(feed, village, section):
    for number in range(4):
        village.put("sections", section | {"name": f"Renamed {number}"})
    events = feed()
    village.forget_events(events[2]["id"])

    assert feed() == feed(f"starting_after={events[0]['id']}") == events[2:]
