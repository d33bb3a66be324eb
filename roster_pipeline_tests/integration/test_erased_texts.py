"""Finds the texts and JSON values that name a forgotten person, and no other person."""

import pytest
import sqlalchemy as sa

from roster_pipeline.privacy.subject import Subject
from roster_pipeline.privacy.tables import TABLE_ERASURES
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.readers import execute

PERSON = "5f" * 12
SUBJECT = Subject("person", emails=("lee@school.org",), clever_ids=(PERSON,))
CORRECTION = (
    "insert into roster.corrections (organization_id, kind, args, requested_by, state, summary) "
    "select id, 'different', cast(:args as jsonb), 'operator', 'done', :text from roster.organizations "
    "where clever_district_id = :district"
)


@pytest.fixture
def is_named(product, valley):
    """Return whether a correction with a text or with arguments names the subject."""

    def ask(text=None, args="{}"):
        execute(product, CORRECTION, text=text, args=args, district=valley.id)
        erasure = next(each for each in TABLE_ERASURES if each.table.name == "corrections")
        with transaction(product) as pg:
            newest = sa.select(sa.func.max(erasure.table.c.id)).scalar_subquery()
            row = sa.select(erasure.table.c.id).where(erasure.is_named(SUBJECT), erasure.table.c.id == newest)
            return pg.execute(row).first() is not None

    return ask


def test_names_are_found_as_a_whole(is_named):
    named = ("lee@school.org", "Lee@School.org moved.", "by lee@school.org.", f"of {PERSON}: done", "'lee@school.org'")
    others = ("ashlee@school.org", "o'lee@school.org", "a.lee@school.org", "lee@school.org.uk", f"{PERSON}a")
    assert [text for text in named if not is_named(text)] == []
    assert [text for text in others if is_named(text)] == []


def test_values_of_json_are_found_as_a_whole(is_named):
    assert is_named(args='{"email": "Lee@School.org"}')
    assert is_named(args=f'{{"people": ["{PERSON}"]}}')
    assert not is_named(args='{"email": "ashlee@school.org"}')
