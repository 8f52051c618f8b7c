"""The life of one run: `life` is what the rest of the server knows of it, and the other modules are its parts."""
