"""Updates the classes of one teacher of Clever Library, with the teacher's own token (docs/rules.md R3.3).

The worker of the web program calls `run_library_update` (`update.py`) for each teacher whom `syncs.library_requests`
lists as waiting. The screens call `list_library_sections` (`extract/library.py`) to offer the teacher's classes.
"""
