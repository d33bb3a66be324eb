"""Single records of the sandbox and the paths below them."""

import pytest

from roster_pipeline.sandbox.api.versions import as_seen_in


@pytest.fixture
def section(village):
    """A section with a teacher and students who are all shared."""
    known = village.resources["users"].keys()
    sections = village.resources["sections"].values()
    return next(each for each in sections if each["students"] and each["teachers"] and set(each["students"]) <= known)


@pytest.fixture
def listed(clever):
    """The ids behind a path."""
    return lambda path: {item["data"]["id"] for item in clever.get(path).json()["data"]}


@pytest.mark.parametrize("version", ["v3.0", "v3.1"])
@pytest.mark.parametrize("resource", ["districts", "schools", "users", "sections", "terms", "courses"])
def test_each_record_of_a_list_can_be_read_alone(clever, village, resource, version):
    key, item = next(iter(village.resources[resource].items()))

    body = clever.get(f"/{version}/{resource}/{key}").json()

    assert body["data"] == as_seen_in(version, item)
    assert body["links"][0] == {"rel": "self", "uri": f"/{version}/{resource}/{key}"}


def test_fields_that_are_new_in_v31_are_not_in_v30(clever, village):
    key = next(key for key, user in village.resources["users"].items() if "student" in user["roles"])
    older, newer = (clever.get(f"/{version}/users/{key}").json()["data"] for version in ("v3.0", "v3.1"))

    assert newer["roles"]["student"].keys() - older["roles"]["student"].keys() == {
        "home_language",
        "frl_status",
        "iep_status",
    }
    assert older["roles"]["student"]["ext"] == newer["roles"]["student"]["ext"]


@pytest.mark.parametrize(
    ("name", "target", "field"),
    [("school", "schools", "school"), ("course", "courses", "course"), ("term", "terms", "term_id")],
)
def test_a_section_leads_to_what_it_names(clever, village, section, name, target, field):
    body = clever.get(f"/v3.1/sections/{section['id']}/{name}").json()

    assert body["data"] == village.get(target, section[field])


def test_a_section_without_a_term_has_none_to_show(clever, village):
    timeless = next(each for each in village.resources["sections"].values() if "term_id" not in each)

    assert clever.get(f"/v3.1/sections/{timeless['id']}/term").status_code == 404


@pytest.mark.parametrize(("role", "fields"), [("student", ["students"]), ("teacher", ["teachers"])])
def test_a_section_leads_to_its_people_by_role(listed, section, role, fields):
    expected = {key for field in fields for key in section[field]}

    assert listed(f"/v3.1/sections/{section['id']}/users?role={role}") == expected


def test_unshared_students_are_left_out_of_a_section(clever, listed, village, section):
    gone = section["students"][0]
    village.remove("users", gone)

    assert gone not in listed(f"/v3.1/sections/{section['id']}/users")
    assert gone in clever.get(f"/v3.1/sections/{section['id']}").json()["data"]["students"]


def test_teachers_and_students_are_linked_through_sections(listed, section):
    teacher, student = section["teacher"], section["students"][0]

    assert student in listed(f"/v3.1/users/{teacher}/mystudents")
    assert teacher in listed(f"/v3.1/users/{student}/myTeachers")
    assert section["id"] in listed(f"/v3.1/users/{student}/sections")
    assert section["id"] in listed(f"/v3.1/users/{teacher}/sections")


def test_contacts_and_students_lead_to_each_other(listed, village):
    contact = next(user for user in village.resources["users"].values() if "contact" in user["roles"])
    student = contact["roles"]["contact"]["student_relationships"][0]["student"]

    assert contact["id"] in listed(f"/v3.1/users/{student}/mycontacts")
    assert student in listed(f"/v3.1/users/{contact['id']}/mystudents")


def test_second_school_counts_unless_only_primary_is_requested(listed, village):
    student = next(
        user
        for user in village.resources["users"].values()
        if len(user["roles"].get("student", {}).get("schools", ())) > 1
    )
    first, second = student["roles"]["student"]["schools"]

    assert student["id"] in listed(f"/v3.1/schools/{second}/users?role=student&limit=10000")
    assert student["id"] not in listed(f"/v3.1/schools/{second}/users?role=student&primary=true&limit=10000")
    assert listed(f"/v3.1/users/{student['id']}/schools") == {first, second}
    assert listed(f"/v3.1/users/{student['id']}/schools?primary=true") == {first}


@pytest.mark.parametrize("name", ["sections", "terms", "courses"])
def test_a_school_leads_to_what_its_sections_name(listed, village, section, name):
    field = {"sections": "id", "terms": "term_id", "courses": "course"}[name]
    own = [each for each in village.resources["sections"].values() if each["school"] == section["school"]]

    found = listed(f"/v3.1/schools/{section['school']}/{name}?limit=10000")

    assert found == {each[field] for each in own if field in each}


def test_terms_and_courses_lead_back_to_sections_and_schools(listed, section):
    for path in (f"terms/{section['term_id']}", f"courses/{section['course']}"):
        assert section["id"] in listed(f"/v3.1/{path}/sections?limit=10000")
        assert section["school"] in listed(f"/v3.1/{path}/schools")


@pytest.mark.parametrize("resource", ["schools", "users", "sections", "terms", "courses"])
def test_everything_leads_to_its_district(clever, village, resource):
    key = village.resources[resource].ids()[0]

    assert clever.get(f"/v3.1/{resource}/{key}/district").json()["data"]["id"] == village.id
