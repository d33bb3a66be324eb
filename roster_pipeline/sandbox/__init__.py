"""A sandbox that serves Clever's API over HTTP, with recorded or invented districts, school days, events and faults.

It follows Clever's published specification and recorded responses. It imports no stage of the pipeline, and no stage
imports it. A sync reaches it through its URL only.
"""
