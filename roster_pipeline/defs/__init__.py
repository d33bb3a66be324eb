"""Everything that is Dagster, and nothing that is not: the shell around the stages.

`assets` is the table of contents; `resources` opens what a run needs of the outside; `launch` runs the job from a
command. What a stage does is in its own module.
"""
