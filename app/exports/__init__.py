"""Files that a person takes away: replays, reports, TensorBoard's."""
