"""Forgets one person or a district in every store, and finishes what was killed."""

import json
from datetime import UTC, datetime

import pytest
import sqlalchemy as sa

from roster_pipeline.errors import ForgetRefused
from roster_pipeline.instance.eraser import build_eraser
from roster_pipeline.privacy import forget as forgetting
from roster_pipeline.privacy import server_files
from roster_pipeline.privacy.forget import forget
from roster_pipeline.privacy.stores.check import HOLDING
from roster_pipeline.privacy.subject import digest_subject
from roster_pipeline.product.connections import disconnect_district
from roster_pipeline.product.database import transaction
from roster_pipeline.settings import read_settings
from roster_pipeline.sync_context import utc_now
from roster_pipeline_tests.support.people import leave, users_of
from roster_pipeline_tests.support.readers import query


class Killed(BaseException):
    """The process ends here."""


@pytest.fixture
def gone(valley, known_publish):
    """Publish a district from which one student then leaves. Return the Clever id."""
    key = users_of(valley, "student")[0]
    known_publish(valley)
    leave(valley, key)
    known_publish(valley)
    return key


@pytest.fixture
def eraser(environment):
    return build_eraser(read_settings(), "operator", utc_now)


def receipts(settings):
    return {file.name: file.read_text() for file in settings.receipts_folder.glob("*")}


def test_receipt_lists_each_store_and_names_nobody(eraser, gone, valley):
    forgotten = forget(eraser, "person", gone)
    settings = eraser.settings
    receipt = json.loads(forgotten.file.with_suffix(".json").read_text())
    stores = {store["store"]: store for store in receipt["stores"]}
    assert stores["product database"]["removed"]["identity_links"] == 1
    assert stores["snapshots"]["removed"]["rows"] >= 1
    path = "snapshots/latest.duckdb"
    assert stores["snapshots"]["before"][path] != stores["snapshots"]["after"][path]
    assert stores["district files"]["after"] == {f"districts/{valley.id}.duckdb": None}
    assert sorted(receipt["not_reached"]) == ["backups", "copies", "server"]
    assert stores["files of the stores, read again"]["removed"][HOLDING] == 0
    assert stores["files of the stores, read again"]["removed"]["files"] > 0
    assert receipt["requested_by"] == "operator"
    for text in receipts(settings).values():
        assert gone not in text


def test_receipt_says_that_a_file_still_holds_the_person(eraser, gone):
    (eraser.settings.keys_folder / "notes.txt").write_text(f"A note about {gone}.")
    stores = {store["store"]: store for store in forget(eraser, "person", gone).receipt.stores}
    assert stores["files of the stores, read again"]["removed"][HOLDING] == 1


def test_erasure_that_is_killed_in_each_store_ends(eraser, gone, product, monkeypatch):
    def kill(*_arguments):
        raise Killed

    for store in eraser.stores:
        with monkeypatch.context() as patch:
            patch.setattr(type(store), "erase", kill)
            with pytest.raises(Killed):
                forget(eraser, "person", gone)
    forgotten = forget(eraser, "person", gone)
    assert query(product, "select state, work from roster.erasures") == [("done", None)]
    assert len(receipts(eraser.settings)) == 2
    assert forgotten.receipt.stores[0]["removed"]["accounts"] == 1


def test_kill_before_the_receipt_leaves_one_receipt(eraser, gone, product, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "write_receipt", lambda *_: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            forget(eraser, "person", gone)
    first = forget(eraser, "person", gone)
    written = receipts(eraser.settings)
    assert forget(eraser, "person", gone).receipt == first.receipt
    assert receipts(eraser.settings) == written
    assert query(product, "select count(*) from roster.erasures") == [(1,)]


def test_number_of_an_account_is_not_guessed_from_its_digest(eraser, gone, product):
    ((account,),) = query(product, "select account_id from roster.identity_links where clever_id = :key", key=gone)
    first = forget(eraser, "person", str(account))
    assert first.receipt.subject_digest != digest_subject("person", str(account)).value
    assert forget(eraser, "person", str(account)).receipt == first.receipt
    ((salt,),) = query(product, "select salt from roster.erasures")
    assert [name for name, text in receipts(eraser.settings).items() if salt in text] == []


def test_unknown_person_is_refused(eraser):
    with pytest.raises(ForgetRefused, match="Nothing is held"):
        forget(eraser, "person", "f" * 24)


def test_forgotten_district_leaves_no_file(eraser, gone, valley, hamlet, known_publish, product):
    known_publish(hamlet)
    with transaction(product) as pg:
        disconnect_district(pg, valley.id, datetime.now(UTC))
    forgotten = forget(eraser, "district", valley.id)
    home = eraser.settings.home
    assert [file.name for file in home.rglob(f"*{valley.id}*")] == []
    assert valley.id.encode() not in (home / "snapshots" / "latest.duckdb").read_bytes()
    assert forgotten.receipt.stores[0]["removed"]["organizations"] == 1
    assert [name for name, text in receipts(eraser.settings).items() if valley.id in text] == []
    assert query(product, "select clever_district_id from roster.organizations") == [(hamlet.id,)]


def test_receipt_says_that_the_server_keeps_old_bytes(eraser, gone, product, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(forgetting, "rewrite_server_files", lambda *_: False)
        assert "transactions" in forget(eraser, "person", gone).receipt.not_reached
    assert query(product, "select state from roster.erasures") == [("bytes",)]
    assert "transactions" not in forget(eraser, "person", gone).receipt.not_reached
    assert query(product, "select state from roster.erasures") == [("done",)]


def test_open_transaction_is_waited_for(product, monkeypatch):
    monkeypatch.setattr(server_files, "WAIT_SECONDS", 0.01)
    wait = server_files._wait_for_readers
    with product.connect().execution_options(isolation_level="AUTOCOMMIT") as pg:
        assert wait(pg)
        with product.begin() as other:
            other.execute(sa.text("select pg_current_xact_id()"))
            assert not wait(pg)
        assert wait(pg)
