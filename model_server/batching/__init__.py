"""Batches across requests: queues, threads, and how a batch becomes one run of the network."""
