"""Training and tiled prediction; knows no capability."""
