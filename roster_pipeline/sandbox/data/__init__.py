"""The districts of the sandbox: invented or recorded objects, and what a school day changes in them."""
