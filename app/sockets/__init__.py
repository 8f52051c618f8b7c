"""The two websockets: viewers' and trainers'."""
