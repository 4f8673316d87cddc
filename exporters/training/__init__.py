"""How the networks that no package carries are trained."""
