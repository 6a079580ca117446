"""The backward pass, played step by step and explained path by path."""
