"""Explains why a person or a class is as it is in the product. This package writes nothing.

`source_facts` reads a district file and `product_facts` the product database, by SELECTs in `dbt_like_sql/explain/`.
`person`, `section` and `email` describe both in sentences. `next_action` says who has to do what. `report` puts the
steps together. `preflight` and `reviews` find the people whom an administrator should look at. Commands and the page
show the results.
"""
