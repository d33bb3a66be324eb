"""Explains why a person or a class is as it is in the product. It reads the evidence and writes nothing.

`source_facts` reads a district's DuckDB file, `product_facts` reads the product database. `person`, `section` and
`email` build an explanation of both. `next_action` says who has to do what. The command line prints it.
"""
