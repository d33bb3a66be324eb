"""What each role may do, done in a browser. The rows of docs/clever-page-tests.md name these tests."""

import re

import pytest

from roster_pipeline_tests.support.browser import NARROW, SIDEWAYS, WIDE, picture_name

CLUB = "Chess Club"


@pytest.fixture
def look(visit, published):
    """Return a function that logs a role in. Each screen that the visitor keeps is checked at both widths."""

    def log_in(role):
        visitor = visit(viewport=WIDE)
        visitor.log_in(role)
        return visitor

    return log_in


def check_screen(visitor, name):
    """Keep pictures of the open screen at 1280 and 320 px, and check that everybody can read it."""
    for size in (WIDE, NARROW):
        visitor.page.set_viewport_size(size)
        visitor.keep_picture(f"{picture_name('act', name)}-{size['width']}")
        assert visitor.violations() == []
        assert visitor.page.evaluate(SIDEWAYS) <= 0
    visitor.page.set_viewport_size(WIDE)


def main_of(visitor):
    return visitor.page.locator("main").inner_text()


def press(visitor, name):
    """Press the first button of this name, and wait for the screen that it leads to."""
    with visitor.page.expect_navigation():
        visitor.page.get_by_role("button", name=name).first.click()


def save_csv(visitor, path):
    """Follow the link to the CSV of a list, and return its number of lines."""
    visitor.go(path)
    with visitor.page.expect_download() as download:
        visitor.page.get_by_role("link", name=re.compile("CSV")).click()
    return len(download.value.path().read_text(encoding="utf-8-sig").splitlines())


def test_an_admin_verifies_hides_exports_and_reads_the_audit(look):
    visitor = look("district_admin")
    visitor.go("/clever/teachers")
    visitor.page.get_by_role("checkbox").first.check()
    press(visitor, "Verify the checked teachers")
    check_screen(visitor, "verified")
    assert "by " in main_of(visitor)
    press(visitor, "Take back the verification")
    assert visitor.page.get_by_role("button", name="Take back").count() == 0

    visitor.go("/clever/classes")
    visitor.page.locator("table.list a").first.click()
    visitor.page.get_by_text("Hide this class").click()
    press(visitor, "Yes, hide it")
    check_screen(visitor, "hidden")
    assert "Students do not see this class." in main_of(visitor)
    press(visitor, "Show this class")
    assert "Students do not see this class." not in main_of(visitor)

    assert save_csv(visitor, "/clever/students") == visitor.count_students() + 1
    visitor.go("/clever/audit")
    check_screen(visitor, "audit")
    audit = main_of(visitor)
    assert [word for word in ("verified a teacher", "hid a class", "saved a list as a file") if word not in audit] == []
    assert visitor.complaints == []


def test_an_admin_updates_one_school(look):
    visitor = look("district_admin")
    visitor.go("/clever/schools")
    visitor.page.locator("table.list a").first.click()
    press(visitor, "Update this school")

    assert visitor.wait_for_answer()


def test_an_admin_makes_an_admin_of_a_school_and_removes_it(look):
    visitor = look("district_admin")
    visitor.go("/clever/admins")
    visitor.page.get_by_label("Email that the person has in Clever or in Google").fill("new.admin@example.org")
    visitor.page.get_by_label("These schools only").check()
    visitor.page.get_by_role("checkbox").first.check()
    press(visitor, "Make an admin")
    answer = visitor.wait_for_answer()
    visitor.go("/clever/admins")
    check_screen(visitor, "admins")
    row = visitor.page.get_by_role("row").filter(has_text="new.admin@example.org")
    with visitor.page.expect_navigation():
        row.get_by_role("button", name="Remove").click()

    assert "The person is an admin now" in answer
    assert "new.admin@example.org" not in visitor.page.get_by_role("table").inner_text()


def test_a_teacher_makes_fills_renames_and_deletes_a_class(look):
    visitor = look("teacher")
    visitor.page.get_by_role("link", name="Make a class").click()
    visitor.page.get_by_label("Name of the class").fill(CLUB)
    press(visitor, "Make the class")
    visitor.page.get_by_role("link", name="Add students").click()
    check_screen(visitor, "add-students")
    visitor.page.get_by_role("checkbox").first.check()
    press(visitor, "Add the checked students")
    check_screen(visitor, "native-class")
    assert "1 student" in main_of(visitor)

    press(visitor, re.compile("^Remove .+ from this class$"))
    assert "This class has no students." in main_of(visitor)
    visitor.page.get_by_role("link", name="Add students").click()
    visitor.page.get_by_role("checkbox").first.check()
    press(visitor, "Add the checked students")
    visitor.page.get_by_text("Rename this class").click()
    visitor.page.get_by_label("Name of the class").fill(f"{CLUB} 2")
    press(visitor, "Rename")
    assert visitor.page.get_by_role("heading", level=1).inner_text() == f"{CLUB} 2"

    visitor.page.get_by_text("Delete this class").click()
    press(visitor, "Yes, delete it")
    check_screen(visitor, "deleted-class")
    press(visitor, "Undo")
    assert f"{CLUB} 2" in main_of(visitor)
    assert visitor.complaints == []


def test_a_teacher_hides_the_own_class_asks_why_and_exports(look):
    visitor = look("teacher")
    name = visitor.page.locator("table.list tr:has(.c-mark:not(.none)) a").first.inner_text()
    visitor.page.get_by_role("link", name=name, exact=True).first.click()
    assert visitor.page.get_by_role("link", name="Is a student missing?").is_visible()
    visitor.page.get_by_role("link", name=re.compile("^Why")).last.click()
    check_screen(visitor, "why-own-student")
    verdict = visitor.page.locator("[data-verdict]").get_attribute("data-verdict")

    visitor.go("/clever/classes")
    visitor.page.get_by_role("link", name=name, exact=True).first.click()
    visitor.page.get_by_text("Hide this class").click()
    press(visitor, "Yes, hide it")
    press(visitor, "Show this class")
    assert verdict == "W15"
    assert save_csv(visitor, "/clever/classes") > 1
    visitor.go("/clever/audit")
    assert "hid a class" in main_of(visitor)
    assert visitor.go("/clever/teachers") == visitor.go("/clever/holds") == 403


def test_a_student_sees_the_own_classes_and_logs_out(look):
    visitor = look("student")
    check_screen(visitor, "home")
    assert visitor.page.get_by_role("heading", level=1).inner_text().startswith("Hi")
    assert visitor.page.get_by_role("navigation").count() == 0
    assert visitor.go("/clever") == 403
    visitor.go("/home")
    press(visitor, "Log out")

    assert "You are logged out here" in main_of(visitor)
