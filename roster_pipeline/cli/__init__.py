"""The console script: it parses, calls and prints. `main` turns an error into a line and an exit code."""

from roster_pipeline.cli.app import main

__all__ = ["main"]
