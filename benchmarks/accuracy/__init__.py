"""How good are the faces, the names and the digits? One file per question."""
