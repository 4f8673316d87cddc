"""Data for trainings, and questions about them."""
