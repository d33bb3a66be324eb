"""The types that the stages share: Clever's lists, the product's entities, plans and thresholds.

The package uses the standard library only. Stages import it and never import one another.
"""
