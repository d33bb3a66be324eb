"""Scenarios of a changed Clever id: the account of a known person moves to the new id, or must not."""

import sys

import pytest

from roster_pipeline.cli import main
from roster_pipeline_tests.support.readers import query, row_versions

EMAIL = "ann.lake@example.org"


@pytest.fixture
def relink(environment, product, monkeypatch, capsys):
    """Relinks the one open review of a Clever id by the console command; its exit code, and what it said."""

    def relinked(key):
        ((review,),) = query(
            product, "select id from roster.reviews where state = 'open' and clever_id = :key", key=key
        )
        call = ["roster-pipeline", "resolve", str(review), "--as", "relink", "--by", "the desk"]
        monkeypatch.setattr(sys, "argv", call)
        with pytest.raises(SystemExit) as ended:
            main()
        said = capsys.readouterr()
        return ended.value.code, said.out + said.err

    return relinked


@pytest.mark.scenario("I-28")
def test_relink_passes_the_account_to_the_new_id(town, quick_sync, publish, product, link, relink):
    old = town.student(1, "Ann", "Lake", email=EMAIL)
    section = town.section(1, students=[old])
    quick_sync(town)
    account, _ = link(old)
    town.leave(old)
    new = town.student(2, "Ann", "Lake", email=EMAIL)
    town.section(1, students=[new])
    quick_sync(town)
    waiting, _ = link(new)
    assert relink(new)[0] == 0
    ledger = (
        "select clever_id, account_id, rule, decided_by, unlinked_at is not null from roster.identity_links "
        "where account_id in (:account, :waiting) order by id"
    )
    assert query(product, ledger, account=account, waiting=waiting) == [
        (old, account, "created", "sync", True),
        (new, waiting, "created", "sync", True),
        (new, account, "relink", "the desk", False),
    ]
    before = row_versions(product)
    found = publish(town)
    assert row_versions(product) == before
    assert found.people[new] == ("student", "Ann", "Lake", EMAIL, EMAIL, True)
    assert found.members[new] == "student"
    assert [pair for pair in found.students if pair[0] == section] == [(section, new)]
    assert found.reviews == set()


@pytest.mark.scenario("I-28")
def test_relink_of_an_account_without_clever_id_is_refused(town, quick_sync, product, sign_up, relink):
    sign_up(EMAIL, "Bea", "Moor")
    key = town.student(1, "Ann", "Lake", email=EMAIL)
    quick_sync(town)
    before = row_versions(product, without=())
    assert relink(key)[0] == 2
    assert row_versions(product, without=()) == before


@pytest.mark.scenario("I-31")
def test_relink_is_refused_while_the_old_id_is_shared(town, quick_sync, product, relink):
    old = town.student(1, "Ann", "Lake", email=EMAIL)
    quick_sync(town)
    town.edit("users", old, email="no address")
    new = town.student(2, "Ann", "Lake", email=EMAIL)
    quick_sync(town)
    before = row_versions(product, without=())
    code, said = relink(new)
    assert code == 2
    assert old in said
    assert new in said
    assert row_versions(product, without=()) == before
