"""Building blocks of networks: activations, convolution, pooling, normalisation, losses. NumPy has none of these names."""
