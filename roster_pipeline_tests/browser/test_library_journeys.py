"""What a teacher of Clever Library and a student do, from the first login to the class, and when the token ends."""

import re

import httpx

from roster_pipeline_tests.support.browser import NARROW, SIDEWAYS, WIDE

FREE = "Teachers of Clever Library"


def log_in(visitor, role):
    """Log in as the teacher or the student under the heading of Clever Library."""
    visitor.go("/login")
    visitor.page.get_by_role("link", name="Log in with Clever").click()
    people = visitor.page.locator("h2", has_text=FREE).locator("xpath=following-sibling::ul[1]")
    people.get_by_role("link", name=f"({role})").click()
    visitor.page.wait_for_url(f"{visitor.installation.page}/**")


def wait_for_the_update_of_the_login(visitor):
    """Wait for the update that a login files. It deletes a token that Clever refuses before the teacher presses."""
    visitor.go("/clever/updates")
    visitor.page.get_by_role("link", name=re.compile("^Update [0-9]+$")).first.click()
    visitor.wait_for_answer()


def refuse_tokens(installation, *faults):
    """Let Clever refuse the tokens of teachers, or accept them again."""
    httpx.post(f"{installation.sandbox}/sandbox/faults", json=list(faults)).raise_for_status()


def test_a_teacher_chooses_classes_and_a_student_finds_one(installation, visit):
    visitor = visit(viewport=WIDE)
    log_in(visitor, "teacher")
    heading = visitor.page.get_by_role("heading", level=1)
    assert heading.inner_text() == "Add / remove classes"
    for size in (WIDE, NARROW):
        visitor.page.set_viewport_size(size)
        assert visitor.violations() == []
        assert visitor.page.evaluate(SIDEWAYS) == 0
    visitor.keep_picture("library-choices-narrow")
    visitor.page.set_viewport_size(WIDE)
    visitor.keep_picture("library-choices")
    for box in visitor.page.get_by_role("checkbox").all():
        box.check()
    visitor.page.get_by_role("button", name="Save").click()
    answer = visitor.wait_for_answer()
    visitor.keep_picture("library-update")
    visitor.go("/clever/classes")
    visitor.keep_picture("library-classes")
    assert re.search("Added [0-9]+ students", answer)
    assert visitor.page.get_by_role("link", name="Homeroom K - Ng - 0").is_visible()
    assert visitor.violations() == []

    visitor.page.get_by_role("button", name="Update Class Rosters").click()
    assert "No changes" in visitor.wait_for_answer()
    visitor.go("/clever/library")
    visitor.page.get_by_role("checkbox").first.uncheck()
    visitor.page.get_by_role("button", name="Save").click()
    visitor.wait_for_answer()
    visitor.go("/clever/library")
    visitor.page.get_by_role("checkbox").first.check()
    visitor.page.get_by_role("button", name="Save").click()
    visitor.wait_for_answer()

    student = visit()
    log_in(student, "student")
    home = student.page.locator("main").inner_text()
    greeting = "Hi." if installation.is_masked else "Hi Mary Ann."
    assert (greeting in home, "Homeroom K - Ng - 0" in home) == (True, True)
    assert visitor.complaints == student.complaints == []


def test_one_click_goes_on_after_the_token_has_ended(installation, visit):
    visitor = visit(viewport=WIDE)
    log_in(visitor, "teacher")
    wait_for_the_update_of_the_login(visitor)
    visitor.go("/clever/classes")
    refuse_tokens(installation, {"path_prefix": "/v3.1/users/", "nth": 0, "kind": "401"})
    try:
        visitor.page.get_by_role("button", name="Update Class Rosters").click()
        answer = visitor.wait_for_answer()
        visitor.keep_picture("library-log-in-again")
    finally:
        refuse_tokens(installation)
    assert answer == "Clever asks you to log in again before it updates."
    assert visitor.violations() == []
    address = visitor.page.url
    # Clever has its own session, so its login asks nothing: the sandbox gets the person in the address.
    visitor.page.get_by_role("link", name="Log in with Clever").click()
    people = visitor.page.locator("h2", has_text=FREE).locator("xpath=following-sibling::ul[1]")
    people.get_by_role("link", name="(teacher)").click()
    visitor.page.wait_for_url(re.compile("/clever/updates/[0-9]+"))
    answer = visitor.wait_for_answer()

    assert visitor.page.url != address
    assert "Done on" in answer
