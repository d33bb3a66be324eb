"""The one catalogue of sentences that people read.

The domain `operator` holds what commands print, in English. The domain `product` holds what school staff read: the
page, the answers to requests and the explanations. A message id is the English sentence. `make messages` writes every
sentence of the package to `operator.pot` and `product.pot`. Help texts, descriptions in Dagster, logs and refusals of
triggers stand outside of the catalogue.
"""

from roster_pipeline.messages.catalogue import Catalogue, Domain, LocalCatalogue, Plural, both

ENGLISH = "en"

product = Domain("product")
operator = Domain("operator")(ENGLISH)

__all__ = ["ENGLISH", "Catalogue", "Domain", "LocalCatalogue", "Plural", "both", "operator", "product"]
