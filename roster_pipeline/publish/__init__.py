"""Writes a plan to the product database: `apply` in one transaction, through the `writer`.

The writer adds every written row to the journal. Corrections write through it too.
"""
