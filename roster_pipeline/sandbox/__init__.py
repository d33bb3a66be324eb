"""A Clever stand-in over real HTTP: given or invented districts, their school days and events, and faults.

It follows Clever's published contract and recorded answers. It imports no stage of the pipeline, and no stage
imports it: a sync meets it through its URL only.
"""
