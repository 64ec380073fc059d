"""Areas of interest in the window: what was said, what answers, what is drawn."""
