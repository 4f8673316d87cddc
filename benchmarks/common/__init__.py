"""What several benchmarks share: the machine, servers and stacks for the time of a block, pictures, plots."""
