"""What happens under load, faults and change? One file per question."""
