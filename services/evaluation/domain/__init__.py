"""What is counted, and what of it the public may see."""
