"""Keeps a product's rosters equal to what school districts share through Clever.

The flow is the package: extract, land, stage, validate, reconcile, plan, publish, snapshot. Import the module you need.
"""
