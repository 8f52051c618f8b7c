"""Files that users download: replays, reports, event files for TensorBoard."""
