"""Requests that run together: queues, and how a batch becomes one run of the network."""
