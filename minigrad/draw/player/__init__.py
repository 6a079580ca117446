"""The backward pass, step by step and path by path."""
