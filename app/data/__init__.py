"""What users bring: uploaded data sets."""
