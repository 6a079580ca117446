"""How the gradient travels through a network: a row for each layer, several runs side by side."""
