"""Clever → files: one district's lists, read over HTTP to their ends, kept fields only.

Doing, without judgement: nothing here decides what a record means. Import the modules: `read.read_feed` is
the verb, `client.CleverClient` what it needs. Loading the files is land's.
"""
