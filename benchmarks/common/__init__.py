"""Parts of several benchmarks: the conditions, servers and stacks for the time of a block, pictures, plots."""
