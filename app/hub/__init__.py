"""Fan-out to viewers; knows no socket."""
