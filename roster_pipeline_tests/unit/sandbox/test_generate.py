"""Generated districts have exact sizes and the required oddities, and the seed determines all of them."""

import unicodedata
from collections import Counter
from dataclasses import replace

import pytest

from roster_pipeline.sandbox.data.generate import CITY, DistrictSpec, default_districts, generate_district

RESERVED = (".example", ".invalid", "example.org", "example.net", "example.com")


def everything(district):
    return [district.token, *(dict(items) for items in district.resources.values())]


def users(district, role):
    return [user for user in district.resources["users"].values() if role in user["roles"]]


def sections(district):
    return list(district.resources["sections"].values())


@pytest.fixture(scope="module")
def town():
    return default_districts()[0]


@pytest.fixture(scope="module")
def city():
    return default_districts()[1]


def test_a_district_has_the_size_that_was_asked_for():
    spec = DistrictSpec("Sized", 7, 1_300, 91, 400, 6.0, staff=5, admins=3, contacts=40)

    district = generate_district(spec, seed=3)

    assert len(district.resources["schools"]) == 7
    assert len(users(district, "student")) == 1_300
    assert len(users(district, "teacher")) == 91
    assert len(users(district, "district_admin")) == 3
    assert len(users(district, "contact")) == 40
    assert len(sections(district)) == 400
    assert sum(len(section["students"]) for section in sections(district)) == pytest.approx(7_800, rel=0.02)


@pytest.mark.parametrize("size", [(1, 1, 1, 1), (2, 5, 0, 3), (1, 0, 2, 0)])
def test_a_district_can_be_tiny(size):
    district = generate_district(DistrictSpec("Tiny", *size), seed=1)

    assert len(district.resources["schools"]) == size[0]


def test_seed_determines_the_district():
    spec = DistrictSpec("Twice", 3, 200, 20, 60)

    once, again, other = (generate_district(spec, seed) for seed in (5, 5, 6))

    assert everything(once) == everything(again)
    assert everything(once) != everything(other)


def test_the_default_districts_are_a_small_town_and_a_city(town, city):
    assert (len(town.resources["schools"]), len(users(town, "student"))) == (3, 600)
    assert (len(city.resources["schools"]), len(users(city, "student"))) == (CITY.schools, 10_000)
    assert town.token != city.token


def test_ids_are_unique_across_lists_and_districts(town, city):
    keys = [key for each in (town, city) for items in each.resources.values() for key in items]

    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", ["town", "city"])
def test_a_district_has_the_oddities_of_real_ones(name, request):
    district = request.getfixturevalue(name)
    students, teachers = users(district, "student"), users(district, "teacher")
    enrolled = {key for section in sections(district) for key in section["students"]}
    known = {student["id"] for student in students}
    names = Counter((section["school"], section["name"]) for section in sections(district))
    emails = Counter(student["email"] for student in students if student.get("email"))
    oddities = {
        "students of two schools": [each for each in students if len(each["roles"]["student"]["schools"]) > 1],
        "teachers of two schools": [each for each in teachers if len(each["roles"]["teacher"]["schools"]) > 1],
        "teachers who are staff": [each for each in teachers if "staff" in each["roles"]],
        "students without email": [each for each in students if not each.get("email")],
        "broken emails": [each for each in students if each.get("email") and "@students." not in each["email"].lower()],
        "shared emails": [email for email, count in emails.items() if count > 1],
        "co-teachers": [each for each in sections(district) if len(each["teachers"]) > 1],
        "sections without a teacher": [each for each in sections(district) if not each["teachers"]],
        "sections without students": [each for each in sections(district) if not each["students"]],
        "sections of one name": [name for name, count in names.items() if count > 1],
        "students who are not shared": enrolled - known,
        "students of no section": known - enrolled,
    }

    assert [oddity for oddity, found in oddities.items() if not found] == []


def test_names_are_of_many_scripts(city):
    letters = {letter for user in users(city, "student") for letter in user["name"]["last"] if letter.isalpha()}
    scripts = {unicodedata.name(letter).split()[0] for letter in letters}

    assert {"LATIN", "CYRILLIC", "ARABIC", "HEBREW", "CJK", "HANGUL", "DEVANAGARI"} <= scripts


def test_every_address_is_at_a_reserved_domain(city):
    hosts = {
        user["email"].strip(" ;").rpartition("@")[2].lower()
        for user in city.resources["users"].values()
        if "@" in user.get("email", "")
    }

    assert [host for host in hosts if not host.endswith(RESERVED)] == []


def test_the_primary_teacher_comes_first(city):
    assert all(each["teacher"] == each["teachers"][0] for each in sections(city) if each["teachers"])
    assert all("teacher" not in each for each in sections(city) if not each["teachers"])


def test_nobody_is_in_a_section_twice(city):
    assert all(len(set(each["students"])) == len(each["students"]) for each in sections(city))


def test_times_follow_from_the_epoch():
    spec = DistrictSpec("Dated", 1, 3, 1, 1)
    district = generate_district(replace(spec, epoch=spec.epoch.replace(year=2030)), seed=1)

    assert district.get("districts", district.id)["last_sync"].startswith("2030-")
