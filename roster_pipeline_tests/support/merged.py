"""Merge two districts, and list the reviews that this opens."""

import pytest

from roster_pipeline_tests.support.accounts import set_user
from roster_pipeline_tests.support.people import users_of
from roster_pipeline_tests.support.readers import execute, query

STATE = "update roster.organizations set state = :state where clever_district_id = :key"
OPEN = (
    "select r.id, r.reason, r.evidence ->> 'suggestion' from roster.reviews as r join roster.organizations as o "
    "on o.id = r.organization_id where r.state = 'open' and o.clever_district_id = :key order by r.clever_id"
)


PEOPLE = (("Tom", "Reed"), ("Kim", "West"), ("Ann", "Moss"))


@pytest.fixture
def merge(product, quick_sync, hamlet, valley):
    """Give three students of Hamlet other Clever ids in Valley. Sync Hamlet first, and then put it in `state`."""

    def merged(state="disconnected", names=PEOPLE):
        old, new = users_of(hamlet, "student")[:3], users_of(valley, "student")[:3]
        for (first, last), key in zip(PEOPLE, old, strict=True):
            set_user(hamlet, key, email=f"{first.lower()}@example.org", first=first, last=last)
        quick_sync(hamlet)
        execute(product, STATE, state=state, key=hamlet.id)
        for (first, _), (own, last), key in zip(PEOPLE, names, new, strict=True):
            set_user(valley, key, email=f"{first.lower()}@example.org", first=own, last=last)
        quick_sync(valley)
        return [hamlet.get("users", key) for key in old], [valley.get("users", key) for key in new]

    return merged


@pytest.fixture
def open_of(product):
    return lambda district: query(product, OPEN, key=district.id)


BOOK = {"syncs", "organizations", "changes", "holds", "refresh_requests"}
