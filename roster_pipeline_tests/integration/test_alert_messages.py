"""The text of alerts, and the log lines about them."""

import json
import logging
import socket

from roster_pipeline.product.database import transaction
from roster_pipeline.product.organizations import connect_district
from roster_pipeline.syncs.alerts import MAX_SENDING_SECONDS, TIMEOUT_SECONDS
from roster_pipeline_tests.support.alerts import (
    SECRET,
    evaluate_sensors,  # noqa: F401 - a fixture
    fail,  # noqa: F401 - a fixture
    opened,
    webhook,  # noqa: F401 - a fixture
)
from roster_pipeline_tests.support.district import CLIENT_SECRET
from roster_pipeline_tests.support.holds import (
    crowd,  # noqa: F401 - a fixture
    decide,  # noqa: F401 - a fixture
)
from roster_pipeline_tests.support.readers import query

OPEN = "select kind from roster.alerts where recovered_at is null order by kind"


def test_missing_webhook_logs_one_warning_without_its_address(
    valley, fail, webhook, evaluate_sensors, monkeypatch, capsys
):
    with socket.create_server(("127.0.0.1", 0)) as free:
        monkeypatch.setenv("ROSTER_ALERT_WEBHOOK_URL", f"http://127.0.0.1:{free.getsockname()[1]}/{SECRET}")
    fail(valley)
    evaluate_sensors()
    said = capsys.readouterr().err
    assert said.count("did not accept an alert (ConnectError)") == 1
    assert SECRET not in said
    monkeypatch.setenv("ROSTER_ALERT_WEBHOOK_URL", webhook.url)
    evaluate_sensors()
    assert webhook.take_alerts() == [opened("failing", valley)]


def test_unset_webhook_is_logged_once(valley, fail, quick_sync, evaluate_sensors, product, capsys):
    fail(valley)
    evaluate_sensors()
    evaluate_sensors()
    said = capsys.readouterr().err
    assert said.count(f"({valley.id}): sync is failing") == 1
    assert query(product, OPEN) == [("failing",)]
    quick_sync(valley)
    evaluate_sensors()
    evaluate_sensors()
    assert capsys.readouterr().err.count("sync has recovered") == 1


def test_messages_and_logs_contain_no_person_and_no_secret(
    valley,
    crowd,
    fail,
    quick_sync,
    decide,
    webhook,
    evaluate_sensors,
    caplog,
    capsys,
):
    caplog.set_level(logging.DEBUG)
    fail(valley)
    evaluate_sensors()
    decide("approved")
    quick_sync(valley)
    evaluate_sensors()
    assert len(webhook.taken) == 4
    logged = caplog.text + "".join(capsys.readouterr())
    said = json.dumps(webhook.taken) + logged
    people = list(valley.resources["users"].values())
    whose = {user["email"] for user in people if user.get("email")}
    whose |= {f"{name['first']} {name['last']}" for user in people if (name := user["name"]).get("first")}
    assert len(whose) > len(people)
    assert not [one for one in (*whose, valley.token, CLIENT_SECRET) if one in said]
    assert SECRET not in logged
    assert all("\n" not in one["text"] and one["district"] == valley.name for one in webhook.taken)


def test_markup_in_a_name_mentions_and_links_nobody(valley, fail, webhook, evaluate_sensors, product):
    name = "St. Mary's <!channel> @all [Ünïty](http://evil.example) *x*\n`y` " + "z" * 200
    with transaction(product) as pg:
        connect_district(pg, valley.id, name=name, tier="secure_sync")
    fail(valley)
    evaluate_sensors()
    (message,) = webhook.taken
    assert message["district"].startswith("St. Mary's channel all Ünïty (http evil.example) x y zzz")
    assert len(message["district"]) <= 80
    assert message["text"].startswith(f"{message['district']} ({valley.id}): sync is failing")


def test_patience_is_short_enough_for_the_daemon():
    assert MAX_SENDING_SECONDS + 2 * TIMEOUT_SECONDS < 30
