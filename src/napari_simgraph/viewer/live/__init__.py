"""Live learning in the window: what is painted goes out as events, answers come in as overlays."""
