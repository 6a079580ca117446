"""What networks are built of: activations, convolution, pooling, normalisation, losses. NumPy has none of these names."""
