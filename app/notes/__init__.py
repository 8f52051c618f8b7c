"""The experiments of the notes: running, judging and reporting."""
