"""Studies of many runs: a study's life, its bands, decompositions and paths."""
