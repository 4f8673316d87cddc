"""How good generated digits are: who judges them, and by which measures."""
