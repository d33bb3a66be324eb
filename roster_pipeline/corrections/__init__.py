"""Corrections: decisions about reviews, undos of syncs, and accounts and reviews that a login opens.

Each correction is a sync of its own, with a journal, and can be undone.
"""
