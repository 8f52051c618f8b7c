"""The questions that need torch go through this package."""
