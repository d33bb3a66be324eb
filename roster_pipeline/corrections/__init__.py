"""Decisions of people that change what a sync decided: resolve a review, undo a sync."""
