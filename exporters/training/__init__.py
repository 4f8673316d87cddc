"""Trainings of the networks that no package carries: the embedder version 2, and the digits' two networks."""
