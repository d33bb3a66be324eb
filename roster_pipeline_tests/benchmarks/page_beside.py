"""Measure the page and syncs beside each other: what the page costs a sync, and how soon the browser has the answer."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

import httpx

from roster_pipeline_tests.benchmarks.figures import Bench, Figure, environment
from roster_pipeline_tests.benchmarks.measure import PACKAGE, ROOT, report, run_case

POLLERS, LISTS_A_SECOND, QUESTIONS_A_SECOND, SYNCS = 20, 2, 2, 8
MOST_SLOWER, MOST_SECONDS, MOST_SHARE = 0.05, 1.5, 0.95
ANSWERS, TABS = 100, 10
SEED = 20261122
ADMIN = """
    with person as (
        insert into roster.accounts (email, first_name, last_name, role)
        values ('admin@example.org', 'Jordan', 'Lee', 'admin') returning id
    )
    insert into roster.org_memberships (organization_id, account_id, role, is_admin, admin_scope)
    select o.id, person.id, 'admin', true, 'organization' from person, roster.organizations as o returning account_id
"""
REQUEST = """
    insert into roster.refresh_requests (organization_id, scope, state)
    select min(id), 'district', 'running' from roster.organizations returning id
"""
ANSWER = "update roster.refresh_requests set state = 'failed', finished_at = now() where id = any(:ids)"
WATCH = """
    () => new MutationObserver(() => { window.answeredAt ??= Date.now(); })
        .observe(document.querySelector('#answer'), {childList: true, characterData: true, subtree: true})
"""


def page_beside_syncs(bench: Bench, students: int) -> list[Figure]:
    """Measure syncs with and without people who look at the page, and the time until the browser has the answer."""
    case = partial(run_case, "page_beside:beside", home=bench.new_folder(), students=students)
    found = bench.once("the page beside syncs", case).detail
    slower, asked = (found[kind] / found["alone"] - 1 for kind in ("page", "questions"))
    figures = [
        Figure(
            f"sync of {students:,} students beside {POLLERS} pollers and {LISTS_A_SECOND} lists a second, "
            f"median of {SYNCS}",
            f"{found['page']:.2f} s",
            f"{found['alone']:.2f} s alone",
            f"{100 * slower:+.1f} %",
            f"< {100 * MOST_SLOWER:.0f} %",
            slower < MOST_SLOWER,
        ),
        Figure(
            f"waits of {3 * SYNCS} syncs for locks, beside Why? {QUESTIONS_A_SECOND} times a second",
            f"{found['waited']:.3f} s",
            f"sync {found['questions']:.2f} s",
            f"{100 * asked:+.1f} %",
            "0 s",
            found["waited"] == 0,
        ),
    ]
    if waits := found["answers"]:
        in_time = sum(seconds <= MOST_SECONDS for seconds in waits) / len(waits)
        figures.append(
            Figure(
                f"sentence in the browser after the end of an update, {len(waits)} answers",
                f"{100 * in_time:.0f} % within {MOST_SECONDS:g} s",
                "one look a second",
                f"median {median(waits):.2f} s, slowest {max(waits):.2f} s",
                f"≥ {100 * MOST_SHARE:.0f} % within {MOST_SECONDS:g} s",
                in_time >= MOST_SHARE,
            )
        )
    return figures


def beside(home: str, students: int) -> None:
    """Publish a district, then sync it again and again, every other time beside people who look at the page."""
    from roster_pipeline.embedded import stop_if_last
    from roster_pipeline.product.database import open_product
    from roster_pipeline.sandbox.api.relations import list_users_of_role
    from roster_pipeline.sandbox.api.server import running_sandbox
    from roster_pipeline.sandbox.data.generate import generate_district
    from roster_pipeline.settings import read_settings
    from roster_pipeline_tests.benchmarks.busy import _sync
    from roster_pipeline_tests.benchmarks.district import spec_of
    from roster_pipeline_tests.support.page_programs import running_page

    district = generate_district(spec_of(students), SEED)
    renamed = list(list_users_of_role(district, "student"))[: students // 20]
    with running_sandbox([district], client_id="sandbox", client_secret="sandbox") as address:
        os.environ |= environment(address.url, Path(home))
        settings = read_settings()
        product = open_product(settings)
        _sync(settings, district.id)
        waits = _count_waits()
        seconds: dict[str, list[float]] = {"alone": [], "page": [], "questions": []}
        with tempfile.TemporaryDirectory() as folder, running_page(settings, Path(folder)) as page:
            cookie = _make_admin(product)
            for number in range(len(seconds) * SYNCS):
                for key in renamed:
                    user = district.get("users", key)
                    district.put("users", user | {"name": user["name"] | {"last": f"Renamed{number}"}})
                kind = list(seconds)[number % len(seconds)]
                (request,) = _file_requests(product, 1)
                with nullcontext() if kind == "alone" else _looking(kind, page.url, cookie, request):
                    began = time.perf_counter()
                    assert _sync(settings, district.id)
                    seconds[kind].append(time.perf_counter() - began)
            answers = _measure_answers(product, page.url, cookie)
        product.dispose()
        stop_if_last(settings)
    medians = {kind: median(values) for kind, values in seconds.items()}
    report(sum(map(sum, seconds.values())), **medians, waited=sum(waits), answers=answers)


@contextmanager
def _looking(kind: str, url: str, cookie: str, request: int) -> Iterator[None]:
    """Let people look at the page for the duration of the context. They are a process of their own."""
    arguments = {"kind": kind, "url": url, "cookie": cookie, "request": request}
    command = [sys.executable, "-m", f"{PACKAGE}.page_beside", "look", json.dumps(arguments)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as people:
        assert people.stdin
        assert people.stdout
        people.stdout.readline()  # they look from now on
        yield
        people.stdin.close()


def look(kind: str, url: str, cookie: str, request: int) -> None:
    """Look at the page until the input ends.

    Args:
        kind: `page` for pollers and lists, or `questions`.
    """
    is_over = threading.Event()
    screen = httpx.get(f"{url}/clever/updates/{request}", headers={"cookie": cookie}).text
    poll = re.search('hx-get="(/clever/updates/[^"]+)"', screen)
    assert poll, "the update has ended"
    visits = {
        "page": [(poll[1], POLLERS), ("/clever/students", LISTS_A_SECOND)],
        "questions": [("/clever/why?q=Renamed", QUESTIONS_A_SECOND)],
    }

    def visit(path: str, times_a_second: int) -> None:
        with httpx.Client(base_url=url, headers={"cookie": cookie}, timeout=60) as client:
            while not is_over.wait(1 / times_a_second):
                client.get(path)

    threads = [threading.Thread(target=visit, args=each) for each in visits[kind]]
    for thread in threads:
        thread.start()
    print(flush=True)
    sys.stdin.read()
    is_over.set()
    for thread in threads:
        thread.join()


def _count_waits() -> list[float]:
    """Return a list to which each wait of a sync for the lock of its district is added, in seconds."""
    from roster_pipeline.product import database

    wait_for_lock, waits = database._wait_for_lock, []

    def wait(*arguments: Any, **more: Any) -> None:
        began = time.perf_counter()
        wait_for_lock(*arguments, **more)
        if more.get("scope") == "session":
            waits.append(time.perf_counter() - began)

    database._wait_for_lock = wait
    return waits


def _file_requests(product: Any, number: int) -> list[int]:
    """Make requests for an update that is under way. Return their ids."""
    import sqlalchemy as sa

    from roster_pipeline.product.database import transaction

    with transaction(product) as pg:
        return [pg.execute(sa.text(REQUEST)).scalar_one() for _ in range(number)]


def _make_admin(product: Any) -> str:
    """Return the cookie of an admin of the only district."""
    from datetime import UTC, datetime

    import sqlalchemy as sa

    from roster_pipeline.product.database import transaction
    from roster_pipeline.web.sessions import begin_session

    with transaction(product) as pg:
        account_id = pg.execute(sa.text(ADMIN)).scalar_one()
        own = pg.execute(sa.text("select min(id) from roster.organizations")).scalar_one()
        about = {"account_id": account_id, "clever_id": None, "organization_id": own, "login_kind": "clever"}
        token = begin_session(pg, **about, is_student=False, now=datetime.now(UTC))
        return f"s={token}"


def _measure_answers(product: Any, url: str, cookie: str) -> list[float]:
    """Return the seconds from the end of an update to its sentence in the browser. Without Chromium there are none."""
    import sqlalchemy as sa
    from playwright.sync_api import sync_playwright

    from roster_pipeline.product.database import transaction

    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        return []
    seconds: list[float] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        context = browser.new_context()
        context.add_cookies([{"name": "s", "value": cookie.removeprefix("s="), "url": url}])
        tabs = [context.new_page() for _ in range(TABS)]
        while len(seconds) < ANSWERS:
            ids = _file_requests(product, len(tabs))
            for tab, number in zip(tabs, ids, strict=True):
                tab.goto(f"{url}/clever/updates/{number}")
                tab.evaluate(WATCH)
            with transaction(product) as pg:
                pg.execute(sa.text(ANSWER), {"ids": ids})
            ended = time.time()
            for tab in tabs:
                answered = tab.wait_for_function("() => window.answeredAt").json_value()
                seconds.append(answered / 1000 - ended)
        browser.close()
    return seconds


if __name__ == "__main__":
    globals()[sys.argv[1]](**json.loads(sys.argv[2]))
