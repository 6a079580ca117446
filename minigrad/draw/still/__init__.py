"""Still pictures: a graph is described, written as DOT and laid out as SVG."""
