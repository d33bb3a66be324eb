"""Exports a district as the CSV files of OneRoster, and checks such files against their rules."""
