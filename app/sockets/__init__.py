"""The two websockets: one for viewers and one for trainers."""
