"""The console script: parse, call, print. `main` is the one place where an error becomes a line and an exit code."""

from roster_pipeline.cli.app import main

__all__ = ["main"]
