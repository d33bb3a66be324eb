"""Clever's HTTP interface as the sandbox answers it: lists, events, connections, faults."""
