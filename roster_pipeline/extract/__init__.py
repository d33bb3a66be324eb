"""Read the lists and the events of one district from Clever into landing files, kept fields only.

`lists.read_feed` reads all lists, and `events.read_events` reads the events after a cursor. Both use a
`client.CleverClient`. Nothing here decides what a record means. `land` loads the files.
"""
