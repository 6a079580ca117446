"""Gradient flow: norms of value and gradient by layer, several runs side by side."""
