"""How long does it take, and against what? One file per question."""
