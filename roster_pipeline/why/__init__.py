"""Why is this person, or this class, as it is in the product? The evidence, read and put in order; nothing is written.

`reading` opens a district's DuckDB file, `in_clever` asks it, `in_product` asks the product; `person` and `section`
make a chain of both, `clock` says how far a change has come, `next_move` whose move is next, `answer` and `email` find
whom a question is about. Printing is the command line's.
"""
