"""Every sentence, and its language."""
