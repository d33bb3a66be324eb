"""Tenant isolation of references: the writer of one district writes no row about an account or school of another."""

import pytest
import sqlalchemy as sa

from roster_pipeline_tests.support.readers import execute, query
from roster_pipeline_tests.support.walls import (
    districts,  # noqa: F401 - fixtures
    refusal,
)

LINK = (
    "insert into roster.identity_links (clever_id, account_id, organization_id, rule) "
    "values ('new', :free, :organization, 'email')"
)
MEMBERSHIP = (
    "insert into roster.org_memberships (organization_id, account_id, role) values (:organization, :{whose}, 'student')"
)
ABOUT = {
    "a link": LINK,
    "a link of a member who is linked nowhere": LINK.replace(":free", ":member"),
    "a membership of the organization": MEMBERSHIP.format(whose="linked"),
    "a membership of a member who is linked nowhere": MEMBERSHIP.format(whose="member"),
    "a membership of a school": "insert into roster.school_memberships (school_id, account_id, role) "
    "values (:in_school, :linked, 'student')",
    "a roster": "insert into roster.rosters (organization_id, clever_id, source, name, school_id) "
    "values (:organization, 'new', 'clever', 'New', :school)",
    "a roster that moves": "update roster.rosters set school_id = :school where id = :roster",
    "a teacher": "insert into roster.roster_teachers (roster_id, account_id) values (:roster, :linked)",
    "a student": "insert into roster.roster_students (roster_id, account_id) values (:roster, :linked)",
}
"""Rows of the writer's own organization. Accounts and `:school` are of the other district, then of its own."""
OF_NOBODY = "insert into roster.accounts (role) values ('student') returning id"
FIRST = {
    "school": "select min(id) from roster.schools where organization_id = :id",
    "roster": "select min(id) from roster.rosters where organization_id = :id and clever_id is not null",
    "linked": "select min(account_id) from roster.identity_links where organization_id = :id",
    "member": "select account_id from roster.org_memberships where organization_id = :id and source = 'native'",
}


@pytest.fixture
def sides(districts, product):
    """A school, a roster, a linked account and a native member of both districts, by name."""
    return [{name: query(product, first, id=number)[0][0] for name, first in FIRST.items()} for number in districts]


def refused(product, statement, organization, values):
    """What PostgreSQL says against a statement of an organization's writer; nothing if it lets it be done."""
    named = {name: values[name] for name in sa.text(statement).compile().params}
    return refusal(product, statement, "roster_writer", organization, **named)


@pytest.mark.parametrize("what", ABOUT)
def test_writer_cannot_refer_to_another_district(
    districts,
    product,
    sides,
    what,
):
    (own, _), (mine, others) = districts, sides
    here = {"organization": own, "roster": mine["roster"], "in_school": mine["school"]}
    theirs = here | {"school": others["school"], "member": others["member"]}
    theirs |= {"linked": others["linked"], "free": others["linked"]}
    assert "row-level security" in refused(product, ABOUT[what], own, theirs)
    nobody = execute(product, OF_NOBODY)
    ours = here | {"school": mine["school"], "member": nobody, "linked": nobody, "free": nobody}
    assert refused(product, ABOUT[what], own, ours) == ""


def test_membership_of_an_account_that_moved_can_be_ended(
    districts,
    product,
    sides,
):
    """An undo ends what a sync gave an account, whatever has become of the account since."""
    (own, _), (_, others) = districts, sides
    membership = {"organization": own, "member": others["member"]}
    of_both = MEMBERSHIP.format(whose="member")
    execute(product, of_both, **membership)
    changed = "update roster.org_memberships set {} where organization_id = :organization and account_id = :member"
    assert refused(product, changed.format("ended_at = now()"), own, membership) == ""
    assert "row-level security" in refused(product, changed.format("role = 'teacher'"), own, membership)
