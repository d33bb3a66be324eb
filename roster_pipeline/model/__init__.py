"""The shared words: what Clever shares, what the product keeps, what may change. Standard library only.

Stages import these words and never one another.
"""
