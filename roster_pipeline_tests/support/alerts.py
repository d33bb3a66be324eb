"""Receive alerts at a local webhook, and start syncs that fail."""

import json
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import dagster as dg
import pytest

from roster_pipeline.defs.alerts import failure_alerts, hold_alerts
from roster_pipeline.defs.resources import Product
from roster_pipeline.product.database import transaction
from roster_pipeline.syncs.lifecycle import begin_sync, close_unpublished

SECRET = "a-path-that-nobody-shall-read"


@dataclass
class Webhook:
    """Record the alerts of a webhook. It refuses them unless `status` is 2xx, and waits unless `answering`."""

    url: str = ""
    status: int = 200
    asked: int = 0
    taken: list = field(default_factory=list)
    answering: threading.Event = field(default_factory=threading.Event)

    def take_alerts(self):
        """Return the kind, state and district id of each alert since the last call."""
        told = [(one["kind"], one["state"], one["district_id"]) for one in self.taken]
        self.taken.clear()
        return told


@pytest.fixture
def webhook(environment, monkeypatch):
    """Start a real webhook on this machine, and name it in the environment."""
    listening = Webhook()
    listening.answering.set()

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            listening.asked += 1
            listening.answering.wait(30)
            if 200 <= listening.status < 300:
                listening.taken.append(body)
            self.send_response(listening.status)
            if listening.status == 302:
                self.send_header("location", f"{listening.url}/elsewhere")
            self.end_headers()

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        listening.url = f"http://127.0.0.1:{server.server_port}/{SECRET}"
        monkeypatch.setenv("ROSTER_ALERT_WEBHOOK_URL", listening.url)
        yield listening
        listening.answering.set()
        server.shutdown()
        thread.join()


@pytest.fixture
def evaluate_sensors(environment, instance):
    """Evaluate both sensors once, as the daemon does. Return what their ticks say."""
    cursors = {}

    def evaluated(at=instance):
        said = []
        for sensor in (failure_alerts, hold_alerts):
            with dg.build_sensor_context(
                instance=at, resources={"product": Product()}, cursor=cursors.get(sensor.name)
            ) as context:
                said.append(sensor(context).skip_message)
                cursors[sensor.name] = context.cursor
        return said

    return evaluated


@pytest.fixture
def fail(product):
    """Begin a sync of the district and close it as failed."""

    def failed(district, run_id="a run"):
        begin(product, district, run_id)
        with transaction(product) as pg:
            close_unpublished(pg, run_id, datetime.now(UTC))

    return failed


def begin(product, district, run_id):
    with transaction(product) as pg:
        begin_sync(pg, district.id, dagster_run_id=run_id, mode="full", trigger="nightly", at=datetime.now(UTC))


def opened(kind, district):
    return (kind, "opened", district.id)


def recovered(kind, district):
    return (kind, "recovered", district.id)
