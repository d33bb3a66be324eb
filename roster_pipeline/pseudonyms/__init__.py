"""The pseudonyms of people in the analysts' database, and the keys that they are made with.

A person has a `person_id`, which is made from the account with the key of the organization. `keys` makes person ids.
`key_files` reads and writes the files of keys. `key_records` makes, rotates and deletes keys, and `identify` finds the
person of a person id again.
"""
