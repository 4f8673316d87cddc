"""The training of the Inception v3 embedder: what both backends share, and a folder for each."""
