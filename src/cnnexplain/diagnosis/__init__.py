"""What is wrong with a network for some sizes, where, since when, and what helps."""
