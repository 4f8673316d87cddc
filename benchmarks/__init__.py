"""One file per question; each prints machine, conditions, medians and ratios."""
