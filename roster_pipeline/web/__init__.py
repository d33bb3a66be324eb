"""The Clever page: a web application for the admins, teachers and students of a district (docs/clever-page.md)."""

from roster_pipeline.web.app import create_app

__all__ = ["create_app"]
