"""Convolutions and pooling in motion, and Jacobians as pictures."""
