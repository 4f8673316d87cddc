"""Pictures with marked faces, detectors to compare, and scores; for `benchmarks.accuracy.detect_accuracy`.

dataset -> detectors -> agreement, scores -> report
"""
