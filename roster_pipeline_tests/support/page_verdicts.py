"""A synced town with a child for each verdict of *Why isn't this child in my class?*, and what asks about each."""

from contextlib import contextmanager
from datetime import timedelta
from urllib.parse import urlencode

import sqlalchemy as sa

from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.page import clever_id, person
from roster_pipeline_tests.support.page_people import ADD_PERSON, account_of, class_of, organization_of

HOSTILE = "<img src=x onerror=alert(1)>"
MARK_REVIEW = """
    insert into roster.reviews (organization_id, clever_id, account_id, reason, state)
    values (:own, :clever_id, :account, 'name_differs', 'open')
"""
UNLINK = "update roster.identity_links set unlinked_at = now() where clever_id = :clever_id"
HIDE = "update roster.rosters set hidden_at = now() where name = 'Hidden Hall'"
CHILDREN = {
    "W5": {"q": "Nobody Here"},
    "W6": {"person": 22},
    "W7": {"person": 26},
    "W8": {"person": 1, "class": "missing"},
    "W9": {"person": 21},
    "W10": {"person": 99},
    "W11": {"person": 100},
    "W12": {"person": 24},
    "W13": {"person": 23, "class": "Hidden Hall"},
    "W14": {"person": 27},
    "W15": {"person": 1, "class": "Algebra 1"},
    "W16": {"person": 28},
}
"""By verdict: the child by number or name, and the class. The other verdicts are about the state of the district."""
STATES = {
    "W1": ("update roster.organizations set state = :state where id = :own", "paused", "active"),
    "W4": ("update roster.syncs set state = :state where organization_id = :own", "failed", "published"),
}
"""By verdict: the statement that brings it about, with the state during the question and the one afterwards."""
HOURS = {"W2": -1, "W3": 1}
"""By verdict: how long after the change of the question Clever read the school's system."""


def prepare_children(site):
    """Sync the first town three times, so that it has every child of `CHILDREN`."""
    town, own = site.towns[0], organization_of(site, site.towns[0])
    teachers = [person(town, "teacher")]
    town.student(20, "Alert", HOSTILE)
    town.student(21, "Ava", "Unlisted")
    town.student(22, "Gone", "Away")
    town.student(26, "Broken", "Record", roles={"student": {"school": 7}})
    town.student(27, "Near", "Match")
    town.section(60, teachers=teachers, students=[town.student(23, "Hid", "Den")], name="Hidden Hall")
    town.section(61, teachers=teachers, students=[clever_id(1, "student", 99)], name="Pending Place")
    rest = [town.student(24, "Two", "Names"), town.student(28, "Read", "Only"), person(town, "student", 27)]
    town.section(62, teachers=teachers, students=rest, name="Geometry")
    email = town.person(person(town, "student", 27))["email"].replace("student", "student.")
    site.value(ADD_PERSON, first="Near", last="Match", email=email, role="student", own=own)
    site.sync(town)
    town.leave(person(town, "student", 22))
    site.sync(town)
    town.leave(*(person(town, "student", number) for number in range(100, 106)))
    site.sync(town)
    unsure, unlinked = person(town, "student", 24), person(town, "student", 28)
    site.execute(MARK_REVIEW, own=own, clever_id=unsure, account=account_of(site, unsure))
    site.execute(HIDE)
    with transaction(site.product) as pg:
        # Write protection refuses the change, which stands here for a publication that failed.
        pg.execute(sa.text("set local session_replication_role = replica"))
        pg.execute(sa.text(UNLINK), {"clever_id": unlinked})


@contextmanager
def question_of(site, verdict):
    """Yield the path of a question that has a verdict. The district is in the state that it needs."""
    town, own = site.towns[0], organization_of(site, site.towns[0])
    if verdict in STATES:
        statement, during, afterwards = STATES[verdict]
        site.execute(statement, own=own, state=during)
        yield _path(site, CHILDREN["W15"])
        site.execute(statement, own=own, state=afterwards)
    elif verdict in HOURS:
        made_at = site.time.now - timedelta(hours=2)
        read_at = made_at + timedelta(hours=HOURS[verdict])
        town.edit("districts", town.id, last_sync=read_at.isoformat().replace("+00:00", "Z"))
        stored = "update roster.organizations set last_clever_sync_at = :at where id = :own"
        site.execute(stored, at=made_at - timedelta(hours=3), own=own)
        yield _path(site, {**CHILDREN["W15"], "changed_at": made_at.isoformat()})
    else:
        yield _path(site, CHILDREN[verdict])


def _path(site, question):
    values = dict(question)
    if "person" in values:
        values["person"] = person(site.towns[0], "student", values["person"])
    if values.get("class", "missing") != "missing":
        values["class"] = str(class_of(site, values["class"]))
    return f"/clever/why?{urlencode(values)}"
