"""Forget on time and on request, with a receipt, and export what is held about a person (docs/privacy.md)."""
