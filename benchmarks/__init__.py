"""One file per question; README.md lists them. Each prints the machine, the conditions, medians and ratios."""
