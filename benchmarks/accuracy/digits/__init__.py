"""A judge of generated digits, and measures of their quality; for `benchmarks.accuracy.generate_quality`."""
