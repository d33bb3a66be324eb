"""The ROSTER_* environment: defaults, refused values, and secrets that are never shown."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from roster_pipeline.clever import clever_access
from roster_pipeline.embedded import dagster_url, product_url
from roster_pipeline.errors import CannotStart, SettingRefused
from roster_pipeline.settings import Settings, read_settings


@pytest.fixture(autouse=True)
def nothing_set(monkeypatch):
    """An environment in which no setting is made."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"ROSTER_{name.upper()}", raising=False)


def test_defaults_are_clever_and_the_embedded_server():
    settings = read_settings()
    assert settings.home == Path(".roster").resolve()
    assert settings.database_url is None
    assert str(settings.clever_api_url) == "https://api.clever.com/"
    assert str(settings.clever_auth_url) == "https://clever.com/"
    assert settings.clever_api_version == "v3.1"


def test_changed_variable_counts_at_the_next_read(monkeypatch):
    monkeypatch.setenv("ROSTER_CLEVER_API_VERSION", "v3.0")
    assert read_settings().clever_api_version == "v3.0"
    monkeypatch.setenv("ROSTER_CLEVER_API_VERSION", "v3.1")
    assert read_settings().clever_api_version == "v3.1"


def test_empty_variable_counts_as_unset(monkeypatch):
    monkeypatch.setenv("ROSTER_DATABASE_URL", "")
    assert read_settings().database_url is None


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("ROSTER_CLEVER_API_VERSION", "v3.2"),
        ("ROSTER_CLEVER_API_URL", "ftp://secret-place.example"),
        ("ROSTER_CLEVER_AUTH_URL", "secret-place"),
        ("ROSTER_DATABASE_URL", "mysql://someone:secret-place@localhost/x"),
        ("ROSTER_DAGSTER_DATABASE_URL", "secret-place"),
        ("ROSTER_ALERT_WEBHOOK_URL", "ftp://secret-place.example"),
        ("ROSTER_ALERT_WEBHOOK_URL", "secret-place"),
    ],
)
def test_malformed_variable_is_named_without_its_value(monkeypatch, variable, value):
    monkeypatch.setenv(variable, value)
    with pytest.raises(SettingRefused) as refused:
        read_settings()
    line = str(refused.value)
    assert variable in line
    assert "secret-place" not in line
    assert "\n" not in line
    assert refused.value.exit_code == CannotStart.exit_code == 2


@pytest.mark.parametrize("missing", ["ROSTER_CLEVER_CLIENT_ID", "ROSTER_CLEVER_CLIENT_SECRET"])
def test_missing_credential_of_clever_is_named(monkeypatch, missing):
    for name in {"ROSTER_CLEVER_CLIENT_ID", "ROSTER_CLEVER_CLIENT_SECRET"} - {missing}:
        monkeypatch.setenv(name, "given")
    with pytest.raises(SettingRefused, match=f"{missing} is not set"):
        clever_access(read_settings())


def test_shown_settings_hold_no_secret(monkeypatch):
    monkeypatch.setenv("ROSTER_CLEVER_CLIENT_ID", "app")
    monkeypatch.setenv("ROSTER_CLEVER_CLIENT_SECRET", "hush-hush")
    monkeypatch.setenv("ROSTER_DATABASE_URL", "postgresql://someone:hush-hush@localhost/x")
    monkeypatch.setenv("ROSTER_ALERT_WEBHOOK_URL", "https://hooks.example.org/hush-hush")
    settings = read_settings()
    assert "hush-hush" not in f"{settings!r} {settings} {clever_access(settings)!r}"


def test_settings_cannot_be_changed():
    with pytest.raises(ValidationError):
        read_settings().clever_api_version = "v3.0"


def test_one_database_url_serves_both_drivers(monkeypatch):
    monkeypatch.setenv("ROSTER_DATABASE_URL", "postgres://someone@db.example.org:5433/school?sslmode=require")
    settings = read_settings()
    assert product_url(settings) == "postgresql+psycopg://someone@db.example.org:5433/school?sslmode=require"
    url = sa.make_url(dagster_url(settings))
    assert (url.drivername, url.host, url.port) == ("postgresql+psycopg2", "db.example.org", 5433)
    assert url.query["sslmode"] == "require"


@pytest.mark.parametrize(
    "url",
    [
        "mysql://db.example.org/school",
        "postgresql://db.example.org:notaport/school",
        "postgresql://db.example.org:99999/school",
        "postgresql://",
        "postgresql://someone:half@way/through@db.example.org/school",
    ],
)
def test_malformed_database_url_is_refused_unquoted(monkeypatch, url):
    monkeypatch.setenv("ROSTER_DATABASE_URL", url)
    with pytest.raises(SettingRefused, match="ROSTER_DATABASE_URL is malformed") as refused:
        read_settings()
    assert "half" not in str(refused.value)
    assert "way" not in str(refused.value)


def test_home_that_cannot_be_created_is_refused_by_name(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("ROSTER_HOME", str(tmp_path / "file" / "home"))
    with pytest.raises(SettingRefused, match="ROSTER_HOME is malformed"):
        read_settings()


def test_own_database_of_dagster_is_used_only_by_it(monkeypatch):
    monkeypatch.setenv("ROSTER_DATABASE_URL", "postgresql://one.example.org/school")
    monkeypatch.setenv("ROSTER_DAGSTER_DATABASE_URL", "postgresql://two.example.org/runs")
    settings = read_settings()
    assert "one.example.org/school" in product_url(settings)
    assert "two.example.org/runs" in dagster_url(settings)


def test_every_embedded_file_is_below_home(monkeypatch, tmp_path):
    monkeypatch.setenv("ROSTER_HOME", str(tmp_path))
    settings = read_settings()
    folders = ("dagster_home", "districts_folder", "keys_folder", "landing_folder", "postgres_folder")
    assert all(getattr(settings, folder).parent == tmp_path for folder in (*folders, "snapshots_folder"))
