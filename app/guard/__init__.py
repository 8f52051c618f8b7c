"""Access control, and limits on what a request may send."""
