"""Layout: a description of a picture becomes positions and wires."""
