"""How good are the faces? Pictures with truth, detectors to compare, and the counting.

dataset -> detectors -> agreement, scores -> report; `benchmarks/accuracy/detect_accuracy.py` is the command.
"""
