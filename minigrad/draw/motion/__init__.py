"""Animations of convolution and pooling, and pictures of Jacobians."""
