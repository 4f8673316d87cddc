"""The networks: one file for each, with every layer named as in its paper."""
