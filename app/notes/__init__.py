"""The experiments of the notes: run, judged, told."""
