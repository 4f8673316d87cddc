"""Pictures of people, embedders to compare, and rates of errors; for `benchmarks.accuracy.recognise_accuracy`."""
