"""The rules by which calls are balanced, repeated and admitted. Pure: time and chance are passed in.

Balancing, hedging and ejection are kept by hand on purpose; each file says why no library does it.
"""
