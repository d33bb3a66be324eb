"""The command doctor: check everything that a sync needs, one line each."""

from __future__ import annotations

from dataclasses import asdict

import typer

from roster_pipeline.cli.screen import AsJson, say, show_json
from roster_pipeline.instance.doctor import Finding, diagnose
from roster_pipeline.messages import operator
from roster_pipeline.sync_context import utc_now

SUBJECTS = {
    "settings": operator.mark("settings"),
    "versions": operator.mark("versions"),
    "disk": operator.mark("disk"),
    "database": operator.mark("database"),
    "grants": operator.mark("grants"),
    "clock": operator.mark("clock"),
    "clever": operator.mark("Clever"),
    "dagster": operator.mark("Dagster"),
    "daemon": operator.mark("daemon"),
}


def register(app: typer.Typer) -> None:
    app.command("doctor")(doctor)


def doctor(as_json: AsJson = False) -> int:  # noqa: FBT002 - a flag of the command line
    """Check settings, versions, disk, database, grants, clock, Clever and Dagster, one line each. It changes nothing.

    Exit: 0 everything works · else the code of the first line that is wrong: 2, 4 or 6
    """
    findings = []
    for finding in diagnose(utc_now):
        findings.append(finding)
        if not as_json:
            say(_describe(finding))
    if as_json:
        show_json([asdict(finding) for finding in findings])
    return next((finding.exit_code for finding in findings if finding.exit_code), 0)


def _describe(finding: Finding) -> str:
    """Return the line of a finding, in columns."""
    mark = operator.text("wrong") if finding.exit_code else operator.text("ok")
    return f"{mark:<7}{operator.text(SUBJECTS[finding.subject]):<10}{finding.message}"
