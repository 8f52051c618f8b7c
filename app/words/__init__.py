"""All sentences and their translations."""
