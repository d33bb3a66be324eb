"""What people do on the Clever page, from the first click to the answer."""

import re

import pytest

from roster_pipeline_tests.support.browser import pass_a_school_day, read_clever, set_limit


def test_admin_starts_the_first_update_and_reads_its_answer(published, visit):
    checklist, answer = published

    assert "Before the first update" in checklist
    assert "Added 600 students" in answer
    visitor = visit()
    visitor.log_in("district_admin")
    assert visitor.page.get_by_role("link", name="600 students").is_visible()


@pytest.mark.names
def test_teacher_finds_out_why_a_child_is_missing_and_updates(installation, published, visit):
    before = {section["id"]: set(section["students"]) for section in read_clever(installation, "sections")}
    pass_a_school_day(installation)
    section, child_id = next(
        (section, student)
        for section in read_clever(installation, "sections")
        if section["id"] in before and section["teachers"]
        for student in section["students"]
        if student not in before[section["id"]]
    )
    child = next(user for user in read_clever(installation, "users") if user["id"] == child_id)
    visitor = visit()
    visitor.log_in_as(section["teacher"])
    visitor.go("/clever/why")
    visitor.page.get_by_label("Name or email of the child").fill(child["email"])
    visitor.page.get_by_label("Class", exact=True).select_option(label=section["name"])
    visitor.page.get_by_role("button", name="Find out why").click()
    verdict = visitor.page.locator("[data-verdict]")
    assert verdict.get_attribute("data-verdict") == "W5"

    visitor.go("/clever/classes")
    visitor.page.get_by_role("link", name=section["name"], exact=True).click()
    visitor.page.get_by_role("button", name="Update this class").click()
    visitor.wait_for_answer()
    visitor.go("/clever/classes")
    visitor.page.get_by_role("link", name=section["name"], exact=True).click()
    assert child["name"]["last"] in visitor.page.locator("main").inner_text()


def test_admin_approves_a_plan_on_hold_and_takes_it_back(installation, published, visit):
    visitor = visit()
    visitor.log_in("district_admin")
    set_limit(installation, "district_removals=0")
    pass_a_school_day(installation)
    visitor.page.get_by_role("button", name="Update Roster").first.click()
    visitor.wait_for_answer()
    students = visitor.count_students()
    visitor.go("/clever/holds")
    visitor.page.locator("main li a").first.click()
    letter = visitor.page.locator("main").inner_text()
    if number := re.search("type the number ([0-9,]+)", letter):
        visitor.page.locator("#number").fill(number[1].replace(",", ""))
    visitor.page.get_by_role("button", name="Let it happen").click()
    visitor.page.wait_for_url("**/clever/updates/*")
    visitor.wait_for_answer()
    update = visitor.page.get_by_role("link", name="See exactly what changed").get_attribute("href")
    approved = visitor.count_students()
    visitor.go(update)
    visitor.page.get_by_role("button", name="Undo").click()
    visitor.wait_for_answer()
    set_limit(installation, "district_removals=10%")

    assert (approved < students, visitor.count_students()) == (True, students)


@pytest.mark.names
def test_the_next_person_at_a_shared_device_replaces_the_first(installation, published, visit):
    first, second = [user["id"] for user in read_clever(installation, "users") if "student" in user["roles"]][:2]
    visitor = visit()
    visitor.log_in_as(first)
    heading = visitor.page.get_by_role("heading", level=1)
    greeting = heading.inner_text()
    first_session = visitor.page.context.cookies()
    visitor.press_icon(second)  # Without a state of this browser the page begins the login anew.
    visitor.choose(second)

    assert heading.inner_text().startswith("Hi ")
    assert heading.inner_text() != greeting
    visitor.page.context.clear_cookies()
    visitor.page.context.add_cookies(first_session)
    visitor.go("/home")
    assert "/login" in visitor.page.url


def test_an_update_works_without_javascript(published, visit):
    visitor = visit(java_script_enabled=False)
    visitor.log_in("district_admin")
    visitor.page.get_by_role("button", name="Update Roster").first.click()
    visitor.page.wait_for_selector("#progress:not([hx-get])", state="attached")
    assert visitor.page.locator("#answer").inner_text()


def test_the_keyboard_alone_reaches_every_control_in_order(published, visit):
    visitor = visit()
    visitor.log_in("district_admin")
    controls = visitor.page.locator("a[href], button, input:not([type=hidden]), select, summary, textarea").count()
    focused = "(() => {const e = document.activeElement, r = e.getBoundingClientRect();"
    focused += " return [e.tagName, e.innerText || e.name, Math.round(r.top + scrollY), r.width > 0]})()"
    seen = []
    for _ in range(controls):
        visitor.page.keyboard.press("Tab")
        seen.append(visitor.page.evaluate(focused))

    assert len({str(each) for each in seen}) == controls
    assert all(is_visible for *_, is_visible in seen)
