"""Scenarios H-23 and H-24: another server answers in place of Clever, none does, or Clever refuses the login."""

import socket
import threading
from contextlib import contextmanager

import pytest

from roster_pipeline_tests.support.gateway import Answer, page, refused, through
from roster_pipeline_tests.support.readers import difference, published
from roster_pipeline_tests.support.rule_book import expect

LOGIN = b"<!DOCTYPE html><html><body>Log in</body></html>"
NO_LISTS = (
    ("text/html", LOGIN, "documented"),
    ("application/json", LOGIN, "documented"),
    ("application/xml", b"<data><links/></data>", "documented"),
    ("text/csv", b'"id","name"\r\n"1","School"\r\n', "documented"),
    ("application/json; charset=utf-16", page([]).pieces[0].decode().encode("utf-16"), "documented"),
    ("image/png", b"\x89PNG\r\n\x1a\n\x00\x00", "documented"),
)
"""Content type and body of answers that are no list, and what is said of them."""
NO_ANSWERS = ((204, b"", "204"), (302, b"", "302"), (206, page([]).pieces[0], "206"))


@pytest.fixture
def synced(town, known_sync):
    """The town as it was published, and a class that was renamed since."""
    known_sync(town)
    town.edit("sections", town.resources["sections"].ids()[0], name="Changed since")
    return town


@contextmanager
def another_service():
    """The address of a server that speaks no HTTP: it greets whoever comes, as a mail server does."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet():
            while True:
                try:
                    caller, _ = listener.accept()
                except OSError:
                    return
                with caller:
                    caller.sendall(b"220 mail.example.org ready\r\n")

        thread = threading.Thread(target=greet, daemon=True)
        thread.start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.scenario("H-23")
def test_html_404_is_a_404_and_not_broken_json(synced, clever, hasty_sync, product, monkeypatch):
    monkeypatch.setenv("ROSTER_CLEVER_API_URL", f"{clever.url}/nowhere")
    said = refused(hasty_sync, product, synced)
    assert "status 404" in said
    assert "documented" not in said


@pytest.mark.scenario("H-24")
def test_answer_of_another_content_type_is_refused_in_one_line(synced, clever, hasty_sync, product, subtests):
    """The body tells what an answer is, and not its label: see the next test."""
    for kind, body, words in NO_LISTS:
        answer = Answer([body], headers={"Content-Type": kind})
        with subtests.test(kind), through(clever, lambda asked, _, to=answer: to if "sections" in asked.path else None):
            assert words in refused(hasty_sync, product, synced)
    for status, body, words in NO_ANSWERS:
        answer = Answer([body], status, {"Location": "https://clever.com/login", "Content-Length": str(len(body))})
        with (
            subtests.test(status),
            through(clever, lambda asked, _, to=answer: to if "sections" in asked.path else None),
        ):
            assert words in refused(hasty_sync, product, synced)


@pytest.mark.scenario("H-24")
def test_list_under_another_content_type_is_read(synced, clever, quick_sync, product):
    with through(clever, lambda _, body: Answer([body], headers={"Content-Type": "text/plain; charset=latin-1"})):
        quick_sync(synced)
    assert difference(expect(synced), published(product, synced.id)) == {}


@pytest.mark.scenario("H-24")
@pytest.mark.parametrize("variable", ["ROSTER_CLEVER_API_URL", "ROSTER_CLEVER_AUTH_URL"])
def test_unreachable_clever_is_reported_in_one_line(
    synced, clever, hasty_sync, product, monkeypatch, subtests, variable
):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = f"http://127.0.0.1:{closed.getsockname()[1]}"
    with another_service() as elsewhere:
        no_tls = clever.url.replace("http:", "https:")
        for place in (nobody, "http://clever.invalid", no_tls, f"http://{elsewhere}", f"https://{elsewhere}"):
            monkeypatch.setenv(variable, place)
            with subtests.test(place):
                assert "did not respond after 6 tries" in refused(hasty_sync, product, synced)


@pytest.mark.scenario("H-24")
def test_refused_login_names_the_settings(synced, hasty_sync, product, monkeypatch, subtests):
    for variable in ("ROSTER_CLEVER_CLIENT_ID", "ROSTER_CLEVER_CLIENT_SECRET"):
        with subtests.test(variable), monkeypatch.context() as environment:
            environment.setenv(variable, "of-another-app")
            said = refused(hasty_sync, product, synced)
            assert "Clever refused the client id or the client secret" in said
            assert "of-another-app" not in said
