"""Many runs as one question: a study's life, its bands, decompositions and paths."""
