"""Still pictures: a graph described, as DOT, laid out as SVG."""
