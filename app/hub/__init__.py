"""Fan-out to viewers; this package does not know sockets."""
