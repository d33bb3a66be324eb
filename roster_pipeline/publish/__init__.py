"""Writes a plan to the product database: `apply` in one transaction, through the one `writer` with its journal."""
