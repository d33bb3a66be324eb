"""A decision that has to restore values is refused if the journal that has them was erased."""

from datetime import UTC, datetime

import pytest

from roster_pipeline.corrections.resolve import resolve_review
from roster_pipeline.errors import CorrectionRefused
from roster_pipeline.product.database import transaction
from roster_pipeline_tests.support.readers import execute

PERSON = "d" * 24
SYNC = (
    "insert into roster.syncs (organization_id, trigger, state, finished_at, journal_erased_at) "
    "select id, 'cli', 'published', now(), now() from roster.organizations where clever_district_id = :district "
    "returning id"
)
LINK = (
    "insert into roster.identity_links (clever_id, account_id, organization_id, rule, sync_id) "
    "select :key, :account, id, 'email', :sync from roster.organizations where clever_district_id = :district"
)
REVIEW = (
    "insert into roster.reviews (organization_id, clever_id, reason, account_id) "
    "select id, :key, 'name_differs', :account from roster.organizations where clever_district_id = :district "
    "returning id"
)


def test_other_person_is_refused_after_the_journal_was_erased(product, account, valley):
    number = account("q@x.example")
    sync = execute(product, SYNC, as_sync=True, district=valley.id)
    execute(product, LINK, as_sync=True, key=PERSON, account=number, sync=sync, district=valley.id)
    review = execute(product, REVIEW, key=PERSON, account=number, district=valley.id)
    with transaction(product) as pg, pytest.raises(CorrectionRefused, match="was erased"):
        resolve_review(pg, review, "different", decided_by="operator", at=datetime.now(UTC))
