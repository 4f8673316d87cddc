"""What does a training need, and what did it do? Data for it, ablations and curves."""
