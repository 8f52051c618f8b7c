"""What needs torch is asked here."""
